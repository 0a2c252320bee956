/**
 * Jobs whose supervisor is gone: find them, and book what happened.
 *
 * @module
 */
import { ConflictError, messageOf } from "../lib/errors.ts";
import { makeFolder } from "../lib/files/atomic_write.ts";
import type { FileLock } from "../lib/files/lock.ts";
import { modifiedAt } from "../lib/files/file_info.ts";
import { logger } from "../lib/log.ts";
import type { FinalJobStatus } from "../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../lib/registry.ts";
import { modelFolder } from "../lib/registry/model_folder.ts";
import { isRunning } from "../lib/registry/transitions.ts";
import { bookDeadJob } from "./recovery/book_job.ts";
import { JobFolder } from "./job_folder.ts";
import { type JobLife, lifeOf, SILENCE_MS } from "./job_life.ts";
import { releaseReserve } from "./record/reserve.ts";

const log = logger("recovery");

/** A job that was booked because its supervisor was gone. */
export interface RecoveredJob {
  jobId: string;
  status: FinalJobStatus;
}

/** A job of a root, and what was done about it. */
export interface FoundJob {
  folder: JobFolder;
  /** As it was found. */
  life: JobLife;
  /** How it was booked now; null: there was nothing to book. */
  booked: FinalJobStatus | null;
}

/**
 * Book every dead job of a root: one that is `running` while nobody holds its lock, or `queued`
 * while whoever was to start it is gone. Jobs that wait in the queue, and those of other users, other
 * machines and newer programs are left alone.
 *
 * @returns the jobs that were booked now
 */
export async function recoverJobs(registry: ModelRegistry): Promise<RecoveredJob[]> {
  const found = await findAndRecoverJobs(registry);
  return found.flatMap(({ folder: { jobId }, life, booked: status }) =>
    status === null || life === "ended" ? [] : { jobId, status }
  );
}

/** {@linkcode recoverJobs}, telling of every job that can be looked at. */
export async function findAndRecoverJobs(registry: ModelRegistry): Promise<FoundJob[]> {
  const found: FoundJob[] = [];
  await JobFolder.removeUnfinished(registry.root);
  await restoreLostFolders(registry);
  const unfinished = new Set((await runningEntries(registry)).map(({ job_id }) => job_id));
  for (const folder of await JobFolder.list(registry.root)) {
    try {
      const life = await lifeOf(folder);
      const isLeftOver = life === "ended" && await isUnfinished(folder, unfinished);
      const isDead = life === "dead" || isLeftOver;
      found.push({ folder, life, booked: isDead ? await recoverJob(folder, registry) : null });
      if (life === "newer") log.debug(`job ${folder.jobId} is a newer program's`);
      if (life === "elsewhere") log.debug(`job ${folder.jobId} is another machine's`);
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) {
        log.debug(`job ${folder.jobId} is another user's`);
      } else log.error(`cannot recover job ${folder.jobId}: ${messageOf(error)}`);
    }
  }
  return found;
}

/**
 * Has a supervisor that was killed after its result left something undone?
 *
 * @param unfinished the jobs of the models that the registry shows in training
 */
async function isUnfinished(
  folder: JobFolder,
  unfinished: ReadonlySet<string | null | undefined>,
): Promise<boolean> {
  await releaseReserve(folder.path);
  return unfinished.has(folder.jobId);
}

async function runningEntries(registry: ModelRegistry): Promise<ModelEntry[]> {
  return (await registry.list()).filter(isRunning);
}

/**
 * Book one job whose supervisor is gone.
 *
 * @returns how it ended; null while its lock is held after all
 */
export async function recoverJob(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<FinalJobStatus | null> {
  const lock = await lockIfFree(folder);
  if (lock === null) return null;
  try {
    return await bookDeadJob(folder, registry);
  } finally {
    lock.release();
  }
}

/** The job's lock; null while somebody holds it. */
export async function lockIfFree(folder: JobFolder): Promise<FileLock | null> {
  try {
    return await folder.lock();
  } catch (error) {
    if (error instanceof ConflictError) return null;
    throw error;
  }
}

/**
 * A model in training whose job's folder was deleted gets an empty one, so that it is booked like
 * any other; not while its own folder shows that the training goes on somewhere.
 */
async function restoreLostFolders(registry: ModelRegistry): Promise<void> {
  for (const entry of await runningEntries(registry)) {
    const folder = JobFolder.of(registry.root, entry.job_id);
    if (folder === null || await exists(folder.path)) continue;
    if (await lastWrittenAt(registry, entry) > Date.now() - SILENCE_MS) continue;
    log.warn(`the folder of job ${folder.jobId} is gone: model ${entry.id} is booked without it`);
    await makeFolder(folder.path, 0o700);
  }
}

async function lastWrittenAt(registry: ModelRegistry, entry: ModelEntry): Promise<number> {
  const created = Date.parse(entry.created_at ?? "") || 0;
  if (!entry.model_type) return created;
  const path = registry.absolutePath(modelFolder(entry.model_type, entry.id));
  const names = await Array.fromAsync(Deno.readDir(path)).catch(() => []);
  const times = await Promise.all(names.map(({ name }) => modifiedAt(`${path}/${name}`)));
  return Math.max(created, ...times);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    return true;
  });
}
