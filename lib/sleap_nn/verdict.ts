/**
 * How a trainer ended: the one rule that supervisor and recovery share.
 *
 * @module
 */
import { constants } from "node:os";
import { join } from "node:path";
import type { ModelOutcome } from "../protocol/job_events.ts";
import { type CheckpointVerdict, readCheckpoint } from "./checkpoint_file.ts";

/** What is known about a trainer that has ended. */
export interface EndedTrainer {
  /** As Deno reports it (128 + n for signal n); null: not known, its parent is gone. */
  exitCode: number | null;
  /** The log holds `Finished training at:`. */
  finishedLine: boolean;
  /** Total number of epochs that were asked for; null: not known. */
  maxEpochs?: number | null | undefined;
  /** Absolute path of the folder it wrote to, which held no checkpoint when it was started. */
  runFolder: string;
  /**
   * Why it ended, should it not have succeeded.
   *
   * - `crash`: by itself, or its supervisor was gone
   * - `power`: its machine was started anew
   * - anything else is a request: `shutdown`, its supervisor was told to end; `stopped`,
   *   `cancelled`, `time limit`
   *
   * A model whose trainer never ran has the reason `not started`.
   */
  reason: string;
  /** Its last error, from its log; null: it logged none. */
  lastError: string | null;
  /** The last line of its log that is not empty, whatever it is; null: there is none. */
  lastLine?: string | null | undefined;
  /** What a shell said that could not run it, from its log; null: none did. */
  shellError: string | null;
  /**
   * What to say where the exit code is not known and the log has no error.
   * @default {"The trainer is gone, its exit code is not known"}
   */
  unseenEnd?: string | undefined;
}

/** A checkpoint that is complete on disk. */
export interface CheckpointOnDisk {
  /** Absolute. */
  path: string;
  /** 0-based index of the last finished epoch. */
  epoch: number;
  /** Size of the file. */
  bytes: number;
}

/** How a training ended, and what it left. */
export interface Verdict {
  status: ModelOutcome["status"];
  /** See {@linkcode EndedTrainer.reason}; null if completed. */
  reason: string | null;
  /** What went wrong, for people; null if completed. */
  error: string | null;
  /** Something to know about a completed training. */
  warning: string | null;
  /** Lowest validation loss of this run; null: missing or not complete. */
  bestCheckpoint: CheckpointOnDisk | null;
  /** Newest epoch of this run; null: missing or not complete. */
  lastCheckpoint: CheckpointOnDisk | null;
}

/**
 * Judge a trainer that has ended.
 *
 * - `completed`: fit returned normally, or there is a checkpoint of the last epoch, and this process
 *   left a complete `best.ckpt`; that the evaluation after the training failed is a warning.
 * - `interrupted`: not so, but a complete checkpoint is there to resume from.
 * - `failed`: there is none, whatever the exit code (sleap-nn exits 0 after SIGTERM and for help).
 */
export async function judgeTraining(trainer: EndedTrainer): Promise<Verdict> {
  const bestPath = join(trainer.runFolder, "best.ckpt");
  const best = await readCheckpoint(bestPath);
  const bestCheckpoint = onDisk(bestPath, best);
  const lastCheckpoint = await checkpointOnDisk(join(trainer.runFolder, "last.ckpt"));
  const checkpoints = { bestCheckpoint, lastCheckpoint };

  const newest = newerCheckpoint(lastCheckpoint, bestCheckpoint);
  const isTrained = newest !== null && newest.epoch + 1 >= (trainer.maxEpochs ?? Infinity);
  if ((trainer.finishedLine || isTrained) && best.ok) {
    const warning = evaluationWarning(trainer);
    return { status: "completed", reason: null, error: null, warning, ...checkpoints };
  }
  const canResume = bestCheckpoint !== null || lastCheckpoint !== null;
  return {
    status: canResume ? "interrupted" : "failed",
    reason: !canResume && !trainer.finishedLine && couldNotStart(trainer)
      ? "not started"
      : trainer.reason,
    error: describeFailure(trainer, canResume, best),
    warning: null,
    ...checkpoints,
  };
}

/** A checkpoint file; null where it is missing or not complete. */
export async function checkpointOnDisk(path: string): Promise<CheckpointOnDisk | null> {
  return onDisk(path, await readCheckpoint(path));
}

/**
 * The newer one of a run's checkpoints: a trainer that is cut off between the two has a `best.ckpt`
 * that is newer than its `last.ckpt`.
 */
export function newerCheckpoint(
  last: CheckpointOnDisk | null,
  best: CheckpointOnDisk | null,
): CheckpointOnDisk | null {
  return last === null || (best !== null && best.epoch > last.epoch) ? best : last;
}

function onDisk(path: string, verdict: CheckpointVerdict): CheckpointOnDisk | null {
  if (!verdict.ok) return null;
  const { epoch, bytes } = verdict;
  return { path, epoch, bytes };
}

const ENDED_BEFORE_EVALUATION =
  "the training was ended after its last epoch: its post-training evaluation may be missing";

function evaluationWarning(trainer: EndedTrainer): string | null {
  if (trainer.exitCode === 0) return trainer.finishedLine ? null : ENDED_BEFORE_EVALUATION;
  if (wasAskedToEnd(trainer)) return ENDED_BEFORE_EVALUATION;
  if (trainer.exitCode === null) {
    return "nobody saw the trainer end: its post-training evaluation may be missing";
  }
  return `post-training evaluation failed: ${describeEnd(trainer)}`;
}

function describeFailure(
  trainer: EndedTrainer,
  canResume: boolean,
  best: CheckpointVerdict,
): string {
  if (!trainer.finishedLine) {
    if (wasAskedToEnd(trainer)) {
      return `The training was ended on request before its last epoch (${trainer.reason})`;
    }
    if (!canResume && couldNotStart(trainer)) return describeNoStart(trainer);
  }
  if (trainer.exitCode === 0 && !canResume) {
    return `sleap-nn ended with exit code 0 but left no model in "${trainer.runFolder}"`;
  }
  if (!trainer.finishedLine || best.ok) return describeEnd(trainer);
  const unfit = `The training finished, but ${best.detail}`;
  return trainer.exitCode === 0 ? unfit : `${unfit}; ${describeEnd(trainer)}`;
}

/** Reasons that are nobody's request. */
const UNASKED: readonly string[] = ["crash", "power"];

/** What PyTorch fails with when its loader processes get the group's SIGTERM before it acts on it. */
const LOADER_TERMINATED = /DataLoader worker \(pid.*\) is killed by signal: Terminated/;

/** Did it end as sleap-nn does when it is told to: with 0, by the signal or by its loaders' end? */
function wasAskedToEnd({ exitCode, reason, lastError }: EndedTrainer): boolean {
  if (UNASKED.includes(reason)) return false;
  return exitCode === 0 || signalOf(exitCode) !== null || LOADER_TERMINATED.test(lastError ?? "");
}

/** A shell's exit codes for a program that it cannot run, or find. */
function couldNotStart({ exitCode, lastError }: EndedTrainer): boolean {
  return (exitCode === 126 || exitCode === 127) && lastError === null;
}

function describeNoStart({ exitCode, shellError }: EndedTrainer): string {
  return shellError === null
    ? `The trainer could not be started (exit code ${exitCode})`
    : `The trainer could not be started: ${shellError}`;
}

/** The trainer's own words where it had some, else how its process ended. */
function describeEnd({ exitCode, lastError, lastLine, reason, unseenEnd }: EndedTrainer): string {
  const signal = signalOf(exitCode);
  if (exitCode === 0) return "The training ended before its last epoch (exit code 0)";
  if (signal === "SIGKILL" && reason === "crash") {
    return "The trainer was ended by SIGKILL, as happens when memory runs out";
  }
  const lastWords = lastLine ? `; the last it said: ${lastLine}` : null;
  if (signal !== null) return `The trainer was ended by ${signal}${lastWords ?? ""}`;
  if (lastError !== null) return lastError;
  if (exitCode === null) return unseenEnd ?? "The trainer is gone, its exit code is not known";
  return `sleap-nn ended with exit code ${exitCode}${lastWords ?? " and logged no error"}`;
}

/** The signal that an exit code tells of, e.g. `SIGTERM`; null: none. */
export function signalOf(exitCode: number | null): string | null {
  if (exitCode === null) return null;
  const number = exitCode < 0 ? -exitCode : exitCode - 128;
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? null;
}
