/**
 * Whether somebody looks after a job.
 *
 * @module
 */
import { ConflictError, NotFoundError } from "../lib/errors.ts";
import { isLocked } from "../lib/files/lock.ts";
import { isAlive, placeOf } from "./host/process_identity.ts";
import { isFinalStatus, type JobFolder, type JobState, NewerJobError } from "./job_folder.ts";

/**
 * `ended`: the job has a final status. `alive`: somebody holds its lock, or is about to start its
 * supervisor. `waiting`: it has its turn in the queue, and no worker has begun to start it, or that
 * worker is gone. `elsewhere`: it belongs to another machine or container, whose locks and processes
 * may not show here, and something was written in it lately. `newer`: a newer program's job, which
 * is not ours to judge. `dead`: nobody is there to finish it.
 */
export type JobLife = "ended" | "alive" | "waiting" | "elsewhere" | "newer" | "dead";

/** How often a supervisor shows that it is alive, in milliseconds. */
export const SIGN_OF_LIFE_MS = 30_000;
/** Silent for so long, in milliseconds, a job that we cannot look at counts as dead. */
export const SILENCE_MS = 3_600_000;

/** Is the supervisor that a job's state names at work, whatever became of the lock's file? */
export async function hasLivingSupervisor({ status, supervisor }: JobState): Promise<boolean> {
  return status === "running" && supervisor !== null && supervisor.pid !== Deno.pid &&
    await isAlive(supervisor);
}

/**
 * Does somebody look after a job?
 *
 * @throws {Deno.errors.PermissionDenied} for another user's job
 */
export async function lifeOf(folder: JobFolder): Promise<JobLife> {
  // The state after the lock: a job that has just ended is not dead.
  if (await isLocked(folder.lockPath)) return "alive";
  try {
    return await lifeByState(folder, await folder.readState());
  } catch (error) {
    if (error instanceof NewerJobError) return "newer";
    if (error instanceof NotFoundError || error instanceof ConflictError) return "dead";
    throw error;
  }
}

async function lifeByState(folder: JobFolder, state: JobState): Promise<JobLife> {
  const { status, starter, supervisor } = state;
  if (isFinalStatus(status)) return "ended";
  const abandoned = isInQueue(state) ? "waiting" : "dead";
  const owner = supervisor ?? starter;
  if (owner !== null && await placeOf(owner) === "elsewhere") {
    const isSilent = await folder.lastSignOfLife() < Date.now() - SILENCE_MS;
    return isSilent ? abandoned : "elsewhere";
  }
  if (await hasLivingSupervisor(state)) return "alive";
  const isStarting = status === "queued" && starter !== null && await isAlive(starter);
  return isStarting ? "alive" : abandoned;
}

function isInQueue({ status, turn }: JobState): boolean {
  return status === "queued" && typeof turn === "number";
}
