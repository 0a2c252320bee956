import { writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { FollowedJob } from "./follow_job.ts";

/** Print the ID of a job that was taken, and how to look at it; it needs nobody. */
export function detach(
  { jobId, lookOptions }: Pick<FollowedJob, "jobId" | "lookOptions">,
  isJson: boolean,
): void {
  writeStdout(
    isJson
      ? `${JSON.stringify({ job_id: jobId, status: "queued", models: [] }, null, 2)}\n`
      : `${jobId}\n`,
  );
  writeStderr(`attach: ${typedCommand(["jobs", "attach", jobId, ...lookOptions])}\n`);
}
