/**
 * How an entry changes when its training goes on or ends: pure functions, the only place where a
 * status is set.
 *
 * @module
 */
import { ConflictError } from "../errors.ts";
import type { Checkpoint } from "../protocol/job_events.ts";
import type { ModelEntry } from "./entry.ts";

/** The reason of a model whose training goes on without a watcher. */
export const CONNECTION_LOST = "connection lost";

/** What is known when a training did not complete. */
export interface Interruption {
  /** Relative to the registry root; undefined: as before. */
  checkpointPath?: string | null;
  /** 0-based index of the last finished epoch. */
  epoch: number | null;
  checkpoint?: Checkpoint | null;
  /** `crash`, `stopped`, `cancelled`, `power`, `connection lost`, … */
  reason?: string | null;
  error?: string | null;
}

/** Statuses that only an explicit resume or restart leaves. */
export function isFinal(entry: ModelEntry): boolean {
  return entry.status === "completed" || entry.status === "failed" || entry.status === "abandoned";
}

/**
 * `training` or `interrupted` → `completed`. Repeating it replaces the metrics.
 *
 * @throws {ConflictError} from `failed` or `abandoned`
 */
export function complete(
  entry: ModelEntry,
  metrics: Record<string, unknown>,
  now: string,
): ModelEntry {
  if (isFinal(entry) && entry.status !== "completed") throw finalError(entry, "completed");
  return {
    ...entry,
    status: "completed",
    completed_at: now,
    metrics,
    running: false,
    reason: null,
    error: null,
  };
}

/**
 * `training` or `interrupted` → `interrupted`. A model that is already completed stays so: its
 * results are on the disk.
 *
 * @throws {ConflictError} from `failed` or `abandoned`
 */
export function interrupt(entry: ModelEntry, what: Interruption, now: string): ModelEntry {
  if (entry.status === "completed") return entry;
  if (isFinal(entry)) throw finalError(entry, "interrupted");
  const isOtherFile = typeof what.checkpointPath === "string" &&
    what.checkpointPath !== entry.checkpoint_path;
  return {
    ...entry,
    status: "interrupted",
    interrupted_at: now,
    running: false,
    last_epoch: what.epoch ?? entry.last_epoch ?? null,
    checkpoint_path: what.checkpointPath ?? entry.checkpoint_path ?? null,
    checkpoint: what.checkpoint ?? (isOtherFile ? null : entry.checkpoint) ?? null,
    reason: what.reason ?? null,
    error: what.error ?? null,
  };
}

/** `training` or `interrupted` → `failed`: there is no checkpoint to go on from. */
export function fail(
  entry: ModelEntry,
  what: { reason: string | null; error: string | null },
  now: string,
): ModelEntry {
  if (isFinal(entry) && entry.status !== "failed") throw finalError(entry, "failed");
  return { ...entry, status: "failed", failed_at: now, running: false, ...what };
}

/** A trainer is at work, whatever the status says: the connection may be lost. */
export function isRunning(entry: ModelEntry): boolean {
  return entry.status === "training" || entry.running === true;
}

/**
 * `training` → `interrupted`, while the training goes on: nobody watches it any more who wanted to.
 * Other models stay as they are.
 */
export function loseConnection(entry: ModelEntry, now: string): ModelEntry {
  if (entry.status !== "training") return entry;
  return {
    ...entry,
    status: "interrupted",
    interrupted_at: now,
    running: true,
    reason: CONNECTION_LOST,
    error: null,
  };
}

/** Back to `training` after {@linkcode loseConnection}; other models stay as they are. */
export function regainConnection(entry: ModelEntry): ModelEntry {
  if (entry.status !== "interrupted" || !entry.running) return entry;
  return { ...entry, status: "training", running: false, reason: null };
}

/** The job that takes an ended model up again. */
export interface Resumption {
  jobId: string;
  /** Its place among the job's models. */
  modelIndex: number;
  /** From epoch 0: the checkpoint so far leaves the entry. */
  restart: boolean;
}

/**
 * Any status but a running one → `training`. Repeating it for the same job changes nothing.
 *
 * @throws {ConflictError} while the model is trained
 */
export function resume(entry: ModelEntry, { jobId, modelIndex, restart }: Resumption): ModelEntry {
  if (entry.job_id === jobId && entry.model_index === modelIndex) return entry;
  if (isRunning(entry)) throw runningError(entry, "resume");
  const checkpointPath = restart
    ? null
    : entry.last_checkpoint_path ?? entry.checkpoint_path ?? null;
  return {
    ...entry,
    status: "training",
    job_id: jobId,
    model_index: modelIndex,
    running: false,
    completed_at: null,
    checkpoint_path: checkpointPath,
    last_checkpoint_path: checkpointPath,
    // What was measured of a best checkpoint is not so of the last one.
    ...(checkpointPath === (entry.checkpoint_path ?? null) ? {} : { checkpoint: null }),
    reason: null,
    error: null,
    warning: null,
    ...(restart ? { checkpoint: null, last_epoch: null, metrics: null } : {}),
  };
}

/**
 * `interrupted` or `failed` → `abandoned`; its files stay. Repeatable.
 *
 * @throws {ConflictError} while the model is trained, or when it is completed
 */
export function abandon(entry: ModelEntry): ModelEntry {
  if (entry.status === "abandoned") return entry;
  if (isRunning(entry)) throw runningError(entry, "abandon");
  if (entry.status === "completed") throw finalError(entry, "abandoned");
  return { ...entry, status: "abandoned" };
}

/**
 * Refuse to delete a model that is trained.
 *
 * @throws {ConflictError} which job trains it, and how to end that
 */
export function refuseRemoval(entry: ModelEntry): void {
  if (isRunning(entry)) throw runningError(entry, "delete");
}

function runningError(entry: ModelEntry, verb: string): ConflictError {
  const job = entry.job_id ? ` by job ${entry.job_id}` : "";
  return new ConflictError(`Cannot ${verb} model ${entry.id}: it is being trained${job}`, {
    hint: entry.job_id
      ? `End that first: sleap-rtc jobs stop ${entry.job_id}`
      : "Wait for its end.",
  });
}

function finalError(entry: ModelEntry, wanted: string): ConflictError {
  return new ConflictError(`Cannot mark model ${entry.id} as ${wanted}: it is ${entry.status}`);
}
