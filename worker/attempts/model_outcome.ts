/**
 * From the outcome of one attempt to that of its model: all attempts since the last restart count.
 *
 * @module
 */
import { dirname } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { logger } from "../../lib/log.ts";
import type { Checkpoint, ModelOutcome } from "../../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { completedBefore } from "../../lib/registry/history.ts";
import { entryFolder } from "../../lib/registry/model_folder.ts";
import { stitchCurve } from "../../lib/sleap_nn/training_curve.ts";
import { summarise } from "../../lib/sleap_nn/training_log.ts";
import type { CheckpointOnDisk } from "../../lib/sleap_nn/verdict.ts";
import {
  type Attempt,
  type AttemptFiles,
  attemptsSinceRestart,
  firstEpochAfter,
  newestOf,
  readAttempt,
  wrongFirstEpoch,
} from "./attempts.ts";
import { readRunConfig } from "../trainer/outcome.ts";
import { publishBest } from "./publish.ts";

const log = logger("supervisor");

/** The attempt that has ended now. */
export interface EndedAttempt {
  modelId: string;
  /** Null: its trainer never ran. */
  attempt: number | null;
  /** The epoch with which it was seen to begin, where that is not the one it should have. */
  wrongEpoch?: number | null;
}

/**
 * How a model stands after an attempt: completed with the best checkpoint of all attempts, which is
 * published; otherwise interrupted with the newest one, so that an attempt which died before its
 * first epoch costs nothing: a model that was completed before it stays so. May be repeated.
 *
 * @param own how the attempt ended, by its own files
 */
export async function outcomeOfModel(
  own: ModelOutcome,
  ended: EndedAttempt,
  registry: ModelRegistry,
): Promise<ModelOutcome> {
  const entry = await registry.get(ended.modelId);
  const folder = entry && entryFolder(entry);
  if (!entry || !folder) return own;
  const attempts = attemptsSinceRestart(entry, registry);
  // An attempt that the entry does not know yet has trained nothing: those before it count.
  if (attempts.length === 1 && attempts[0]?.number === 1 && ended.attempt === 1) return own;
  const files = await Promise.all(attempts.map(readAttempt));
  const sound = files.filter((attempt) =>
    wrongFirstEpoch(attempt) === null && !isKnownWrong(attempt, ended)
  );
  const wrong = files.find((attempt) =>
    attempt.number === ended.attempt && !sound.includes(attempt)
  );
  const judged = wrong === undefined ? own : beganWrong(own, wrong, ended);
  if (judged.status === "completed") {
    return await completed(judged, sound, registry.absolutePath(folder), registry);
  }
  const latest = sound.find(({ number }) => number === ended.attempt);
  const hasAdded = latest !== undefined && newestOf([latest]) !== null;
  if (!hasAdded && completedBefore(entry) !== null && newestOf(sound) !== null) {
    const asBefore = await completed(judged, sound, registry.absolutePath(folder), registry);
    return { ...asBefore, still_completed: true };
  }
  return await unfinished(judged, sound, registry);
}

function isKnownWrong({ number }: Attempt, { attempt, wrongEpoch }: EndedAttempt): boolean {
  return number === attempt && (wrongEpoch ?? null) !== null;
}

/** What it trained is not what it was to go on with. */
function beganWrong(own: ModelOutcome, files: AttemptFiles, ended: EndedAttempt): ModelOutcome {
  const { startedFrom } = files;
  const began = (ended.wrongEpoch ?? wrongFirstEpoch(files) ?? 0) + 1;
  const from = startedFrom === null
    ? ""
    : `: it did not go on from "${startedFrom.path}" (epoch ${startedFrom.epoch + 1})`;
  return {
    ...own,
    status: "failed",
    reason: "wrong epoch",
    error: `The trainer began with epoch ${began} instead of epoch ${
      firstEpochAfter(startedFrom) + 1
    }${from}`,
    warning: null,
  };
}

async function completed(
  own: ModelOutcome,
  attempts: readonly AttemptFiles[],
  modelFolder: string,
  registry: ModelRegistry,
): Promise<ModelOutcome> {
  const best = await bestOf(attempts);
  const newest = newestOf(attempts);
  if (best === null || newest === null) return own;
  const checkpoint = await measure(best);
  let path = best.path;
  let warning = own.warning;
  try {
    path = await publishBest(best.path, checkpoint.sha256, modelFolder);
  } catch (error) {
    log.error(messageOf(error));
    warning = [warning, `the best checkpoint stays in its attempt's folder: ${messageOf(error)}`]
      .filter((text) => text !== null).join("; ");
  }
  const { configPath } = await readRunConfig(dirname(path));
  return {
    ...own,
    warning,
    metrics: summarise(stitchCurve(attempts.map(({ rows }) => rows))),
    checkpoint_path: registry.storedPath(path),
    checkpoint,
    last_checkpoint_path: registry.storedPath(newest.path),
    config_path: configPath === null ? own.config_path : registry.storedPath(configPath),
  };
}

async function unfinished(
  own: ModelOutcome,
  attempts: readonly AttemptFiles[],
  registry: ModelRegistry,
): Promise<ModelOutcome> {
  const newest = newestOf(attempts);
  const curve = stitchCurve(attempts.map(({ rows }) => rows));
  const metrics = summarise(curve, newest?.epoch ?? null);
  if (newest === null) {
    const nothing = { checkpoint_path: null, checkpoint: null, last_checkpoint_path: null };
    return { ...own, status: "failed", metrics, ...nothing };
  }
  const path = registry.storedPath(newest.path);
  const { configPath, hyperparameters } = await readRunConfig(dirname(newest.path));
  return {
    ...own,
    status: "interrupted",
    metrics,
    checkpoint_path: path,
    checkpoint: own.checkpoint_path === path && own.checkpoint !== null
      ? own.checkpoint
      : await measure(newest),
    last_checkpoint_path: path,
    config_path: configPath === null ? own.config_path : registry.storedPath(configPath),
    hyperparameters: own.hyperparameters ?? hyperparameters,
  };
}

/**
 * The `best.ckpt` with the lowest validation loss at its own epoch, the earlier one of equals:
 * sleap-nn forgets the scores of earlier attempts.
 */
async function bestOf(attempts: readonly AttemptFiles[]): Promise<CheckpointOnDisk | null> {
  let chosen: CheckpointOnDisk | null = null;
  let lowest = Infinity;
  for (const [position, { best, rows }] of attempts.entries()) {
    if (best === null || await isCopy(best, attempts.slice(position + 1))) continue;
    const loss = rows.find(({ epoch }) => epoch === best.epoch)?.valLoss ?? Infinity;
    if (chosen !== null && loss >= lowest) continue;
    chosen = best;
    lowest = loss;
  }
  return chosen;
}

/** The first attempt's folder may hold what was published from a later one. */
async function isCopy(
  best: CheckpointOnDisk,
  later: readonly AttemptFiles[],
): Promise<boolean> {
  const alike = later.flatMap((attempt) => attempt.best ?? [])
    .filter(({ epoch, bytes }) => epoch === best.epoch && bytes === best.bytes);
  if (alike.length === 0) return false;
  const own = await sha256File(best.path);
  const others = await Promise.all(alike.map(({ path }) => sha256File(path)));
  return others.includes(own);
}

async function measure({ path, epoch, bytes }: CheckpointOnDisk): Promise<Checkpoint> {
  return { epoch, sha256: await sha256File(path), bytes };
}
