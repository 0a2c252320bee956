/**
 * From a waiting job to its supervisor.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { type StartedSupervisor, startLocalSupervisor } from "../executor/local.ts";
import { identifyProcess } from "../host/process_identity.ts";
import type { JobFolder, JobState } from "../job_folder.ts";
import { JobRecord } from "../record/job_record.ts";
import { lockIfFree } from "../recovery.ts";
import { bookUnfinished } from "../recovery/book_job.ts";

const log = logger("jobs");

/**
 * Start a job whose turn has come. One that cannot be started is booked as failed, with the reason.
 *
 * @param trainer absolute path of the sleap-nn to use
 * @returns null: it was not started, or does not wait any more
 */
export async function startJob(
  folder: JobFolder,
  registry: ModelRegistry,
  trainer: string,
): Promise<StartedSupervisor | null> {
  try {
    if (!(await claim(folder))) return null;
    const supervisor = await startLocalSupervisor(folder, trainer);
    log.info(`job ${folder.jobId} is started`);
    return supervisor;
  } catch (error) {
    log.error(`job ${folder.jobId} cannot be started: ${messageOf(error)}`);
    await bookNotStarted(folder, registry, messageOf(error));
    return null;
  }
}

/** Write ourselves into a waiting job; false when it does not wait any more. */
async function claim(folder: JobFolder): Promise<boolean> {
  return await whileQueued(folder, async (state) => {
    const starter = await identifyProcess(Deno.pid);
    await folder.writeState({ ...state, starter, updated_at: new Date().toISOString() });
  });
}

async function bookNotStarted(
  folder: JobFolder,
  registry: ModelRegistry,
  error: string,
): Promise<void> {
  await whileQueued(folder, async (state) => {
    const record = await JobRecord.open(folder, registry, state);
    try {
      await bookUnfinished(record, { reason: "not started", error });
    } finally {
      await record.close();
    }
  });
}

/** Do something to a queued job under its lock; false when it is not, or its lock is held. */
async function whileQueued(
  folder: JobFolder,
  act: (state: JobState) => Promise<void>,
): Promise<boolean> {
  const lock = await lockIfFree(folder);
  if (lock === null) return false;
  try {
    const state = await folder.readState();
    if (state.status !== "queued") return false;
    await act(state);
    return true;
  } finally {
    lock.release();
  }
}
