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
import { lifeOf, SILENCE_MS } from "./job_life.ts";
import { releaseReserve } from "./reserve.ts";

const log = logger("recovery");

/** A job that was booked because its supervisor was gone. */
export interface RecoveredJob {
  jobId: string;
  status: FinalJobStatus;
}

/**
 * Book every dead job of a root: one that is `running` while nobody holds its lock, or `queued`
 * while whoever was to start it is gone. Jobs of other users, other machines and newer programs are
 * left to those.
 *
 * @returns the jobs that were booked now
 */
export async function recoverJobs(registry: ModelRegistry): Promise<RecoveredJob[]> {
  const recovered: RecoveredJob[] = [];
  await JobFolder.removeUnfinished(registry.root);
  await restoreLostFolders(registry);
  for (const folder of await JobFolder.list(registry.root)) {
    try {
      const status = await recoverIfDead(folder, registry);
      if (status !== null) recovered.push({ jobId: folder.jobId, status });
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) {
        log.debug(`job ${folder.jobId} is another user's`);
      } else log.error(`cannot recover job ${folder.jobId}: ${messageOf(error)}`);
    }
  }
  return recovered;
}

async function recoverIfDead(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<FinalJobStatus | null> {
  const life = await lifeOf(folder);
  if (life === "dead") return await recoverJob(folder, registry);
  if (life === "ended") await tidyUp(folder, registry);
  if (life === "newer") log.debug(`job ${folder.jobId} is a newer program's`);
  if (life === "elsewhere") log.debug(`job ${folder.jobId} is another machine's`);
  return null;
}

/** What a supervisor that was killed after its result has left undone. */
async function tidyUp(folder: JobFolder, registry: ModelRegistry): Promise<void> {
  await releaseReserve(folder.path);
  const entries = await registry.list();
  const isOpen = entries.some((entry) => entry.job_id === folder.jobId && isRunning(entry));
  if (isOpen) await recoverJob(folder, registry);
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

async function lockIfFree(folder: JobFolder): Promise<FileLock | null> {
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
  for (const entry of (await registry.list()).filter(isRunning)) {
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
