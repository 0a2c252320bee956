/**
 * From an ended trainer to the outcome that is booked.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { syncFile, syncFolder } from "../../lib/files/atomic_write.ts";
import { isFolder, readTextOrNull } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { logger } from "../../lib/log.ts";
import type { ModelOutcome } from "../../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { type Hyperparameters, readHyperparameters } from "../../lib/sleap_nn/train_config.ts";
import { readTrainerLog } from "../../lib/sleap_nn/trainer_log.ts";
import { readTrainingLog, summarise } from "../../lib/sleap_nn/training_log.ts";
import { judgeTraining, newerCheckpoint } from "../../lib/sleap_nn/verdict.ts";

const log = logger("supervisor");

/** What is known about a run whose trainer ended. */
export interface EndedRun {
  /** Null where nobody was there to take it. */
  exitCode: number | null;
  /** Why it ended, should it not have succeeded: see `EndedTrainer.reason` in `verdict.ts`. */
  reason: string;
  /** What to say where nobody took its exit code and its log has no error. */
  unseenEnd?: string | undefined;
  durationSeconds: number;
  /** Absolute path. */
  runFolder: string;
  logPath: string;
  /** Where its output begins in the log, in bytes. */
  logOffset: number;
}

/** Judge a trainer that ended by what it left on the disk, and measure the checkpoint. */
export async function outcomeOf(
  run: EndedRun,
  registry: ModelRegistry,
): Promise<ModelOutcome> {
  const said = await readTrainerLog({ path: run.logPath, from: run.logOffset });
  const { configPath, hyperparameters } = await readRunConfig(run.runFolder);
  const verdict = await judgeTraining({
    exitCode: run.exitCode,
    finishedLine: said.finished,
    maxEpochs: countOf(hyperparameters?.max_epochs),
    runFolder: run.runFolder,
    reason: run.reason,
    lastError: said.lastError,
    shellError: said.shellError,
    lastLine: said.lastLine,
    unseenEnd: run.unseenEnd,
  });
  await syncRun(run.runFolder);
  const { status, reason, error, warning, bestCheckpoint, lastCheckpoint } = verdict;
  const newest = newerCheckpoint(lastCheckpoint, bestCheckpoint);
  const chosen = status === "completed" ? bestCheckpoint : newest;
  // What an interrupted training has done is what it can go on from.
  const through = status === "interrupted" ? newest?.epoch ?? null : null;
  const rows = await readTrainingLog(join(run.runFolder, "training_log.csv"));
  return {
    status,
    reason,
    error,
    warning,
    metrics: summarise(rows, through),
    checkpoint_path: chosen && registry.storedPath(chosen.path),
    checkpoint: chosen &&
      { epoch: chosen.epoch, sha256: await sha256File(chosen.path), bytes: chosen.bytes },
    last_checkpoint_path: newest && registry.storedPath(newest.path),
    config_path: configPath && registry.storedPath(configPath),
    duration_seconds: Math.round(run.durationSeconds * 1000) / 1000,
    hyperparameters,
  };
}

/** What a run wrote down of itself before it began to train. */
interface RunConfig {
  /** Absolute path of `training_config.yaml`; null: there is none. */
  configPath: string | null;
  hyperparameters: Hyperparameters | null;
}

/** Look at the resolved configuration of a run. */
export async function readRunConfig(runFolder: string): Promise<RunConfig> {
  const path = join(runFolder, "training_config.yaml");
  const text = await readTextOrNull(path);
  if (text === null) return { configPath: null, hyperparameters: null };
  return { configPath: path, hyperparameters: hyperparametersOf(text, path) };
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && value >= 1 ? value : null;
}

/** What is booked must outlive a power cut: sleap-nn leaves its files in the page cache. */
async function syncRun(runFolder: string): Promise<void> {
  const names = ["best.ckpt", "last.ckpt", "training_config.yaml", "training_log.csv"];
  for (const name of names) await syncFile(join(runFolder, name));
  if (await isFolder(runFolder)) await syncFolder(runFolder);
}

/**
 * The outcome of a model whose trainer never ran.
 *
 * @param reason `not started`: it could not be; `crash` or `power`: it had not been yet
 */
export function notStarted(error: string, reason = "not started"): ModelOutcome {
  return {
    status: "failed",
    reason,
    error,
    warning: null,
    metrics: { final_val_loss: null, best_val_loss: null, best_epoch: null, epochs_completed: 0 },
    checkpoint_path: null,
    checkpoint: null,
    last_checkpoint_path: null,
    config_path: null,
    duration_seconds: 0,
    hyperparameters: null,
  };
}

/** A configuration that cannot be read is no reason to lose a model. */
function hyperparametersOf(text: string, path: string): Hyperparameters | null {
  try {
    return readHyperparameters(text, path);
  } catch (error) {
    log.warn(`cannot read the hyperparameters: ${messageOf(error)}`);
    return null;
  }
}
