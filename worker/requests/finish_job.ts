/**
 * The end of a job, decided where nobody can ask anything of it any more.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import type { FileLock } from "../../lib/files/lock.ts";
import { logger } from "../../lib/log.ts";
import type { FinalJobStatus, Output } from "../../lib/protocol/job_events.ts";
import { lockRequest, readRequest } from "./job_request.ts";
import type { JobRecord } from "../record/job_record.ts";

const log = logger("supervisor");
const CANCELLED = "The job was cancelled on request";

/** How a job ends. */
export interface JobEnd {
  status: FinalJobStatus;
  /** Why it did not succeed; null if it did. */
  error: string | null;
  /** Predictions that are in their place; absent or null: none. */
  output?: Output | null;
}

/** The end of a job none of whose models was begun: nothing is in the registry to be resumed. */
export function endedUntouched(reason: string): JobEnd {
  const error = `The job was ended before its first model was begun (${reason}): submit it again`;
  return { status: "interrupted", error };
}

/**
 * Write down how a job ended: `cancelled`, whatever came about meanwhile, if somebody asked for
 * that before. The request is locked until it is written, so that whoever asks later is told that
 * the job has ended.
 *
 * @param end how it ends unless it was cancelled
 * @returns how it ended
 */
export async function finishJob(record: JobRecord, end: JobEnd): Promise<FinalJobStatus> {
  using _lock = await lockIfPossible(record);
  const request = await readRequest(record.folder);
  const { status, error } = request.end?.what === "cancel"
    ? { status: "cancelled" as const, error: CANCELLED }
    : end;
  await record.finish(status, error, end.output ?? null);
  return status;
}

/** A job that has ended must be booked even where somebody hangs with the lock, or has removed it. */
async function lockIfPossible({ folder }: JobRecord): Promise<FileLock | null> {
  try {
    return await lockRequest(folder);
  } catch (error) {
    log.warn(`the job ends without a lock on its request: ${messageOf(error)}`);
    return null;
  }
}
