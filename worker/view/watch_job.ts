/**
 * Following a job of this machine until it ends, whatever happens to its supervisor.
 *
 * @module
 */
import { ConflictError, NotFoundError } from "../../lib/errors.ts";
import { isFolder } from "../../lib/files/file_info.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import type { StartedSupervisor } from "../executor/local.ts";
import { EventTail } from "../job_events.ts";
import { isFinalStatus, type JobFolder } from "../job_folder.ts";
import { lifeOf } from "../job_life.ts";
import { recoverJob } from "../recovery.ts";

const POLL_MS = 100;
const ALIVE_CHECK_MS = 1_000;

/** Options of {@linkcode watchJob}. */
export interface WatchOptions {
  /** Aborted: leave the job alone and end. */
  signal: AbortSignal;
  /** The supervisor, if this process has started it: its end is noticed at once. */
  supervisor?: StartedSupervisor | undefined;
  /** Events up to this number are left out. @default {0} */
  afterSeq?: number;
}

/**
 * The events of a job, as they come, until it has ended: those that came together, in order. Of
 * their `batch` events only the newest one is told, which alone says where the job stands.
 *
 * Where the supervisor is gone without finishing the job, the job is booked here and now.
 */
export async function* watchJob(
  folder: JobFolder,
  registry: ModelRegistry,
  options: WatchOptions,
): AsyncGenerator<JobEvent[]> {
  const { signal, supervisor, afterSeq = 0 } = options;
  const tail = new EventTail(folder.eventsPath, { afterSeq, onlyNewestBatch: true });
  let hasEnded = false;
  supervisor?.ended.then(() => hasEnded = true);
  let nextCheck = performance.now() + ALIVE_CHECK_MS;
  while (!signal.aborted) {
    const isGone = hasEnded;
    const isDue = performance.now() >= nextCheck;
    if (isDue) nextCheck = performance.now() + ALIVE_CHECK_MS;
    const isFinished = await hasResult(folder);
    const events = await tail.poll();
    if (events.length > 0) yield events;
    // Killed between result and state, a supervisor leaves a job that still says running.
    if (isFinished && await hasFinalState(folder)) return;
    if (!(await isFolder(folder.path))) throw folderGone(folder);
    if (isGone || (isDue && await lifeOf(folder) === "dead")) await recoverJob(folder, registry);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function folderGone(folder: JobFolder): NotFoundError {
  return new NotFoundError(`The folder of job ${folder.jobId} was deleted: "${folder.path}"`, {
    hint: "Its training may go on. Look at its models: sleap-rtc list-models",
  });
}

/** A damaged result is written anew at the end, by the supervisor or by whoever books the job. */
async function hasResult(folder: JobFolder): Promise<boolean> {
  try {
    return await folder.readResult() !== null;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}

async function hasFinalState(folder: JobFolder): Promise<boolean> {
  return await folder.readState().then(({ status }) => isFinalStatus(status), () => false);
}
