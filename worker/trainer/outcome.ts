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
import { readLastError, scanTrainerLog } from "../../lib/sleap_nn/trainer_log.ts";
import { readTrainingLog, summarise } from "../../lib/sleap_nn/training_log.ts";
import { judgeTraining } from "../../lib/sleap_nn/verdict.ts";

const log = logger("supervisor");

/** What is known about a run whose trainer ended. */
export interface EndedRun {
  /** Null where nobody was there to take it. */
  exitCode: number | null;
  /** Why it ended, should it not have succeeded: `crash`, `stopped`, `cancelled`, `power`. */
  reason: string;
  durationSeconds: number;
  /** Absolute path. */
  runFolder: string;
  logPath: string;
  /** Where its output begins in the log, in bytes. */
  logOffset: number;
  /** What to say where nobody saw the end and the trainer said nothing. */
  unseenEnd?: string;
}

/** Judge a trainer that ended by what it left on the disk, and measure the checkpoint. */
export async function outcomeOf(
  run: EndedRun,
  registry: ModelRegistry,
): Promise<ModelOutcome> {
  const range = { path: run.logPath, from: run.logOffset };
  const marks = await scanTrainerLog(range);
  const verdict = await judgeTraining({
    exitCode: run.exitCode,
    finishedLine: marks.finished,
    runFolder: run.runFolder,
    reason: run.reason,
    lastError: await readLastError(range),
    ...(run.unseenEnd === undefined ? {} : { unseenEnd: run.unseenEnd }),
  });
  await syncRun(run.runFolder);
  const { status, reason, error, warning, bestCheckpoint, lastCheckpoint } = verdict;
  const newest = lastCheckpoint ?? bestCheckpoint;
  const chosen = status === "completed" ? bestCheckpoint : newest;
  const configPath = join(run.runFolder, "training_config.yaml");
  const config = await readTextOrNull(configPath);
  return {
    status,
    reason,
    error,
    warning,
    metrics: summarise(await readTrainingLog(join(run.runFolder, "training_log.csv"))),
    checkpoint_path: chosen && registry.storedPath(chosen.path),
    checkpoint: chosen &&
      { epoch: chosen.epoch, sha256: await sha256File(chosen.path), bytes: chosen.bytes },
    last_checkpoint_path: newest && registry.storedPath(newest.path),
    config_path: config === null ? null : registry.storedPath(configPath),
    duration_seconds: Math.round(run.durationSeconds * 1000) / 1000,
    hyperparameters: config === null ? null : hyperparametersOf(config, configPath),
  };
}

/** What is booked must outlive a power cut: sleap-nn leaves its files in the page cache. */
async function syncRun(runFolder: string): Promise<void> {
  const names = ["best.ckpt", "last.ckpt", "training_config.yaml", "training_log.csv"];
  for (const name of names) await syncFile(join(runFolder, name));
  if (await isFolder(runFolder)) await syncFolder(runFolder);
}

/** The outcome of a model whose trainer never ran. */
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
