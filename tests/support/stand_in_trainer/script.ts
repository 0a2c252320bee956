/**
 * What a stand-in trainer is told to do: the JSON file beside its wrapper.
 *
 * Without any setting it trains quickly and succeeds. Epochs and batches are 0-based.
 *
 * @module
 */

/**
 * A moment of a run.
 *
 * - `start`: configuration accepted, run folder not made yet
 * - `epoch`: inside a batch, before it ends
 * - `save`: after the epoch's row in `training_log.csv`, before its checkpoints
 * - `saved`: after the epoch's checkpoints
 * - `evaluation`: training finished, first evaluation about to start
 * - `exit`: everything done, the process about to end
 *
 * Of a prediction:
 *
 * - `load`: command line accepted, models not looked at yet
 * - `frames`: inside a batch of frames, before it is reported; counts batches
 * - `half`: half of the predictions is in the output file
 * - `exit`: as above
 */
export type Stage =
  | "start"
  | "epoch"
  | "save"
  | "saved"
  | "evaluation"
  | "exit"
  | "load"
  | "frames"
  | "half";

/** One moment of a run; epoch and batch count only in stages that have them. */
export interface Point {
  /** @default {"epoch"} */
  stage?: Stage;
  /** @default {0} */
  epoch?: number;
  /** @default {0} */
  batch?: number;
}

/** A moment and a file to synchronise on. */
export interface FilePoint extends Point {
  /** Absolute path. */
  file: string;
}

/** A moment at which the trainer fails as with an uncaught exception. */
export interface FailurePoint extends Point {
  /** Last lines of stderr. @default {the traceback of a RuntimeError} */
  stderr?: string[];
  /** @default {1} */
  exitCode?: number;
}

/** A moment at which the trainer is ended by a signal. */
export interface DeathPoint extends Point {
  signal: Deno.Signal;
}

/** Which written checkpoints are cut off in the middle. */
export interface Truncation {
  /** @default {every epoch} */
  epoch?: number;
  /** @default {both files} */
  file?: "best" | "last";
}

/** Where and when the disk is full. */
export interface FullDisk {
  /** @default {0} */
  epoch?: number;
  /**
   * `tmp`: in `$TMPDIR`, an earlier best.ckpt stays whole; `run`: while copying from another file
   * system into the run folder, best.ckpt is left truncated.
   *
   * @default {"tmp"}
   */
  where?: "tmp" | "run";
}

/** All that can be told to a stand-in trainer. */
export interface StandInScript {
  /** Milliseconds before the first output. @default {0} */
  startupMs?: number;
  /** Milliseconds a batch takes. @default {0} */
  batchMs?: number;
  /** Milliseconds between the last output and the end of the process. @default {0} */
  exitDelayMs?: number;
  /** Batches in an epoch. @default {as configured, 4 if that leaves it to the data} */
  batchesPerEpoch?: number;
  /** Validation loss of each epoch, null = NaN. @default {a curve that falls} */
  valLosses?: (number | null)[];
  /** Training loss of each epoch, null = NaN. @default {a curve that falls} */
  trainLosses?: (number | null)[];
  /** Print nothing and publish nothing. */
  silent?: boolean;
  /** Begin with this epoch, whatever a checkpoint says. */
  firstEpoch?: number;
  failAt?: FailurePoint;
  dieBySignalAt?: DeathPoint;
  /** Go no further until killed. */
  hangAt?: Point;
  /** Pause until the file exists; a SIGTERM while training ends the pause. */
  waitForFileAt?: FilePoint | FilePoint[];
  /** Create the file on getting there (before any pause, failure or death at the same point). */
  touchFileAt?: FilePoint | FilePoint[];
  /** Train, say so, exit with 0, but save nothing (as with `save_ckpt: false`). */
  exitZeroWithoutModel?: boolean;
  /** The evaluation after training raises an exception. */
  evaluationFails?: boolean;
  truncateCheckpoint?: boolean | Truncation;
  diskFullAtSave?: boolean | FullDisk;
  /** A data loader process in the same process group that outlives a SIGKILL by 5 seconds. */
  spawnLoaderProcess?: boolean;
  ignoreSigterm?: boolean;
  /** What `--version` prints. @default {"sleap-nn 0.3.5"} */
  versionOutput?: string;
  /** Print the Weights & Biases key of configuration or environment in a free form, too. */
  printSecret?: boolean;
  /** Append `{pid, args, cwd, env}` of each start to this file, one JSON object a line. */
  recordTo?: string;
  /** Frames that it predicts. @default {10} */
  frames?: number;
  /** Predict, exit with 0, but write nothing. */
  exitZeroWithoutPredictions?: boolean;
  /** Settings that differ when this type of model is trained, e.g. `centered_instance`. */
  models?: Record<string, StandInScript>;
}

/** Read the script that lies beside the wrapper. */
export function readScript(path: string): StandInScript {
  return JSON.parse(Deno.readTextFileSync(path));
}

/** The settings for one type of model. */
export function scriptForModel(script: StandInScript, modelType: string | null): StandInScript {
  return { ...script, ...(modelType === null ? undefined : script.models?.[modelType]) };
}
