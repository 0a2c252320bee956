import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { JobStatus } from "../../lib/protocol/job_events.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";

/** A job that somebody leaves. */
export interface LeftJob {
  jobId: string;
  /** Options with which other commands find it. */
  lookOptions: readonly string[];
}

/** What somebody is told who leaves a job, by its status and type as far as they are known. */
export function leftText(
  job: LeftJob,
  status: JobStatus = "running",
  type: JobSpec["type"] = "train",
): string {
  const typed = (verb: string) => typedCommand(["jobs", verb, job.jobId, ...job.lookOptions]);
  const stop = `stop after the running epoch, to resume it later: ${typed("stop")}`;
  const cancel = `cancel: ${typed("cancel")}`;
  const attach = `attach again: ${typed("attach")}`;
  switch (status) {
    case "queued":
      return [`job ${job.jobId} waits on without this command`, cancel, attach].join("\n");
    case "running":
      return [
        `job ${job.jobId} goes on without this command`,
        ...type === "train" ? [stop] : [],
        cancel,
        attach,
      ].join("\n");
    default:
      return [`job ${job.jobId} has ended: ${status}`, attach].join("\n");
  }
}
