/**
 * The attempts at training one model: the first one and its resumes, each with a folder of its own.
 *
 * @module
 */
import { join } from "node:path";
import type { StartedFrom } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { entryFolder } from "../../lib/registry/model_folder.ts";
import { readTrainingLog, type TrainingLogRow } from "../../lib/sleap_nn/training_log.ts";
import {
  type CheckpointOnDisk,
  checkpointOnDisk,
  newerCheckpoint,
} from "../../lib/sleap_nn/verdict.ts";

const ATTEMPTS = "attempts";
const ATTEMPT_NAME = /^attempt-(\d{1,9})$/;

/** One attempt, as far as it is known without a look at its files. */
export interface Attempt {
  /** From 1. */
  number: number;
  /** Absolute. */
  folder: string;
  /** Null: from epoch 0. */
  startedFrom: StartedFrom | null;
}

/** What an attempt left on the disk. */
export interface AttemptFiles extends Attempt {
  best: CheckpointOnDisk | null;
  last: CheckpointOnDisk | null;
  rows: TrainingLogRow[];
}

/** Absolute path of the folder that an attempt writes to: the first one's is the model's own. */
export function attemptFolder(modelFolder: string, attempt: number): string {
  return attempt === 1 ? modelFolder : join(modelFolder, ATTEMPTS, `attempt-${attempt}`);
}

/**
 * The number of the next attempt: above those that the entry knows and those that have a folder.
 *
 * @param modelFolder absolute
 */
export async function nextAttempt(entry: ModelEntry, modelFolder: string): Promise<number> {
  const known = (entry.attempts ?? []).map(({ attempt }) => attempt);
  return 1 + Math.max(1, ...known, ...await attemptsWithFolder(modelFolder));
}

async function attemptsWithFolder(modelFolder: string): Promise<number[]> {
  const numbers: number[] = [];
  try {
    for await (const { name } of Deno.readDir(join(modelFolder, ATTEMPTS))) {
      numbers.push(Number(ATTEMPT_NAME.exec(name)?.[1] ?? 0));
    }
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!isNone) throw error;
  }
  return numbers;
}

/** All attempts at a model, the earliest first. */
export function attemptsOf(entry: ModelEntry, registry: ModelRegistry): Attempt[] {
  const stored = entryFolder(entry);
  if (stored === null) return [];
  const folder = registry.absolutePath(stored);
  const known = (entry.attempts ?? [])
    .toSorted((one, other) => one.attempt - other.attempt)
    .map(({ attempt, started_from }): Attempt => ({
      number: attempt,
      folder: attemptFolder(folder, attempt),
      startedFrom: started_from ?? null,
    }));
  return known.length === 0 ? [{ number: 1, folder, startedFrom: null }] : known;
}

/** The attempts since the model was last begun from epoch 0, the earliest first. */
export function attemptsSinceRestart(entry: ModelEntry, registry: ModelRegistry): Attempt[] {
  const attempts = attemptsOf(entry, registry);
  return attempts.slice(Math.max(0, attempts.findLastIndex((one) => one.startedFrom === null)));
}

/** Look at what attempts left; those that did not begin where they should are left out. */
export async function readAttempts(attempts: readonly Attempt[]): Promise<AttemptFiles[]> {
  const read = await Promise.all(attempts.map(readAttempt));
  return read.filter((attempt) => wrongFirstEpoch(attempt) === null);
}

/** {@linkcode AttemptFiles} of one attempt. */
export async function readAttempt(attempt: Attempt): Promise<AttemptFiles> {
  const { folder } = attempt;
  const [best, last, rows] = await Promise.all([
    checkpointOnDisk(join(folder, "best.ckpt")),
    checkpointOnDisk(join(folder, "last.ckpt")),
    readTrainingLog(join(folder, "training_log.csv")),
  ]);
  return { ...attempt, best, last, rows };
}

/**
 * The epoch with which an attempt began although its checkpoint demands another one; null where it
 * began as it should, or not at all. Its log tells: sleap-nn writes the row of an epoch before the
 * checkpoint.
 */
export function wrongFirstEpoch({ startedFrom, rows }: AttemptFiles): number | null {
  const first = rows[0]?.epoch;
  return first === undefined || first === firstEpochAfter(startedFrom) ? null : first;
}

/** The epoch with which an attempt must begin. */
export function firstEpochAfter(startedFrom: { epoch: number } | null): number {
  return startedFrom === null ? 0 : startedFrom.epoch + 1;
}

/** The newest complete checkpoint: the latest attempt that has one counts. */
export function newestOf(attempts: readonly AttemptFiles[]): CheckpointOnDisk | null {
  for (const { best, last } of attempts.toReversed()) {
    const newest = newerCheckpoint(last, best);
    if (newest !== null) return newest;
  }
  return null;
}
