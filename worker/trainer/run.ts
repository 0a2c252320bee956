/**
 * One run of the trainer, and what it works with.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { StartedFrom } from "../../lib/protocol/job_events.ts";
import type { TrainOverrides, TrainSpec } from "../../lib/protocol/job_spec.ts";
import type { ControlSocket } from "../../lib/sleap_nn/control_socket.ts";
import type { SleapNn } from "../../lib/sleap_nn/executable.ts";
import type { TrainConfig } from "../../lib/sleap_nn/train_config.ts";
import type { JobRecord } from "../record/job_record.ts";
import type { FirstEpoch } from "../attempts/first_epoch.ts";
import type { RequestWatch } from "../requests/request_watch.ts";
import type { TrainerProcess } from "./process.ts";

const log = logger("supervisor");

/** What all models of a job have in common. */
export interface TrainTools {
  job: TrainSpec;
  trainer: SleapNn;
  gpuModel: string;
  /** Aborted: end the trainer and book what there is; its reason says why. */
  stop: AbortSignal;
  /** What somebody asks of the job. */
  requests: RequestWatch;
}

/** One run of the trainer for one model. */
export interface Run {
  record: JobRecord;
  /** Index into the job's models. */
  model: number;
  /** From 1. */
  attempt: number;
  /** The checkpoint that it goes on from; null: from epoch 0. */
  startedFrom: StartedFrom | null;
  /** Watches that it does. */
  firstEpoch: FirstEpoch;
  config: TrainConfig;
  /** What overrides it. */
  overrides: TrainOverrides;
  /** Absolute path. */
  runFolder: string;
  tempFolder: string;
  socket: ControlSocket | null;
  tools: TrainTools;
}

/** A run whose trainer waits for its word, and is written down. */
export interface WaitingTrainer extends Run {
  process: TrainerProcess;
  /** Where its output will begin in the log, in bytes. */
  logOffset: number;
}

/** Cleaning up must not change how a training ended. */
export async function quietly(what: string, clean: () => Promise<void>): Promise<void> {
  try {
    await clean();
  } catch (error) {
    log.error(`cannot ${what}: ${messageOf(error)}`);
  }
}
