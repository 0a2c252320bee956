import type { JobRequestKind, JobStatus } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { JobLogPart } from "../../lib/protocol/worker_calls.ts";
import { asksWorkers } from "./asks_workers.ts";
import type { FollowedJob } from "./follow_job.ts";
import type { PlaceOptions } from "./options.ts";

/** A job that a command works with, wherever it is. */
export interface OpenJob extends AsyncDisposable {
  followed: FollowedJob;
  /**
   * Ask something of it.
   *
   * @returns where it stands, once the request is on the disk
   * @throws {ConflictError} when it has ended
   */
  ask(what: JobRequestKind): Promise<AskedJob>;
  /** Some of its log. */
  readLog(place: LogStart): Promise<JobLogPart>;
}

/** A job of which something was asked. */
export interface AskedJob {
  status: JobStatus;
  type: JobSpec["type"];
}

/** Where in a job's log to begin. */
export interface LogStart {
  /** In bytes. @default {0} */
  from?: number;
  /** Instead: with the output of the trainer that wrote this event. */
  atSeq?: number | undefined;
}

/**
 * The job that the user means: in a root of this machine, or on the workers of a room.
 *
 * @param name its ID or the beginning of it
 * @throws {NotFoundError} when there is none, or it is not clear which is meant
 */
export async function openJob(name: string, options: PlaceOptions): Promise<OpenJob> {
  if (asksWorkers(options)) {
    const { openRemoteJob } = await import("./remote_job.ts");
    return await openRemoteJob(name, options);
  }
  const { openLocalJob } = await import("./local_job.ts");
  return await openLocalJob(name, options.registry);
}
