/**
 * How an entry changes when its training goes on or ends: pure functions, the only place where a
 * status is set.
 *
 * @module
 */
import { ConflictError } from "../errors.ts";
import type { Checkpoint } from "../protocol/job_events.ts";
import type { ModelEntry } from "./entry.ts";

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
  return {
    ...entry,
    status: "interrupted",
    interrupted_at: now,
    running: false,
    last_epoch: what.epoch ?? entry.last_epoch ?? null,
    checkpoint_path: what.checkpointPath ?? entry.checkpoint_path ?? null,
    checkpoint: what.checkpoint ?? entry.checkpoint ?? null,
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

function finalError(entry: ModelEntry, wanted: string): ConflictError {
  return new ConflictError(`Cannot mark model ${entry.id} as ${wanted}: it is ${entry.status}`);
}
