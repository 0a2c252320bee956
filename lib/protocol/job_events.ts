/**
 * What happens in a job, in the order in which it happened: the lines of `events.ndjson`.
 *
 * Epochs are 0-based indices, times UTC ISO 8601 with `Z`, durations seconds, sizes bytes.
 *
 * @module
 */
import * as v from "valibot";

/** `queued` and `running` change; the others are final. */
export const JOB_STATUSES = [
  "queued",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "interrupted",
] as const;
/** Status of a job. */
export type JobStatus = typeof JOB_STATUSES[number];
/** A status that no job leaves. */
export type FinalJobStatus = Exclude<JobStatus, "queued" | "running">;

const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const optionalNumber = v.nullable(v.number());

/** A checkpoint file that is complete on disk. */
export const CheckpointSchema = v.object({
  /** 0-based index of the last finished epoch, read out of the file. */
  epoch: index,
  /** 64 hex digits. */
  sha256: v.string(),
  bytes: index,
});
/** A checkpoint file that is complete on disk. */
export type Checkpoint = v.InferOutput<typeof CheckpointSchema>;

/** The checkpoint that a resumed training continues from. */
export const StartedFromSchema = v.object({
  /** Relative to the registry root, with `/`. */
  path: v.string(),
  epoch: index,
  /** 64 hex digits. */
  sha256: v.string(),
});
/** The checkpoint that a resumed training continues from. */
export type StartedFrom = v.InferOutput<typeof StartedFromSchema>;

/**
 * What somebody may ask of a job that runs.
 *
 * - `stop`: end after the running epoch, so that it can be resumed
 * - `finish`: end the running model early, with its evaluation; models that wait train as usual
 * - `cancel`: end at once
 */
export const JOB_REQUESTS = ["stop", "finish", "cancel"] as const;
/** What somebody may ask of a job that runs. */
export type JobRequestKind = typeof JOB_REQUESTS[number];

/** The figures of a training that ended. */
export const TrainingMetricsSchema = v.object({
  /** Validation loss of the last epoch. */
  final_val_loss: optionalNumber,
  /** Lowest validation loss. */
  best_val_loss: optionalNumber,
  /** 0-based index of the epoch with the lowest validation loss. */
  best_epoch: v.nullable(index),
  /** Number of finished epochs. */
  epochs_completed: index,
});
/** The figures of a training that ended. */
export type TrainingMetrics = v.InferOutput<typeof TrainingMetricsSchema>;

/** How the training of one model ended. */
export const ModelOutcomeSchema = v.object({
  status: v.picklist(["completed", "interrupted", "failed"]),
  /**
   * Why it did not complete; null if completed.
   *
   * - `not started`: its trainer could not be started
   * - `crash`: the trainer ended by itself, or the supervisor was gone
   * - `power`: the machine was started anew
   * - `shutdown`: the supervisor was told to end
   * - `wrong epoch`: a resumed trainer did not go on where its checkpoint ends
   * - `stopped`, `cancelled`, `connection lost`, `time limit`: somebody asked for it
   */
  reason: v.nullable(v.string()),
  /** The trainer's own last error, or what we saw; null if completed. */
  error: v.nullable(v.string()),
  /** Something to know about a completed training, e.g. that its evaluation failed. */
  warning: v.nullable(v.string()),
  metrics: TrainingMetricsSchema,
  /** Relative to the registry root, with `/`; null: there is none. */
  checkpoint_path: v.nullable(v.string()),
  checkpoint: v.nullable(CheckpointSchema),
  last_checkpoint_path: v.nullable(v.string()),
  config_path: v.nullable(v.string()),
  duration_seconds: v.number(),
  /** From the resolved training configuration; null where there is none. */
  hyperparameters: v.nullable(v.record(v.string(), v.unknown())),
  /** Somebody asked a completed training to finish before its last epoch. */
  stopped_early: v.optional(v.boolean()),
  /** The model was completed before, and nothing was added to it: it stays so, in this outcome's figures. */
  still_completed: v.optional(v.boolean()),
});
/** How the training of one model ended. */
export type ModelOutcome = v.InferOutput<typeof ModelOutcomeSchema>;

/** Predictions that are complete on disk. */
export const OutputSchema = v.object({
  /** Absolute path on the machine that made them. */
  path: v.string(),
  /** 64 hex digits. */
  sha256: v.string(),
  bytes: index,
});
/** Predictions that are complete on disk. */
export type Output = v.InferOutput<typeof OutputSchema>;

const ofModel = {
  /** Index into the job's models. */
  model: index,
  attempt: count,
};

const bodies = {
  job_started: v.object({
    type: v.literal("job_started"),
    supervisor_pid: count,
    host: v.string(),
    version: v.string(),
  }),
  model_registered: v.object({
    type: v.literal("model_registered"),
    ...ofModel,
    model_id: v.string(),
    model_type: v.string(),
    /** Relative to the registry root. */
    folder: v.string(),
  }),
  trainer_started: v.object({
    type: v.literal("trainer_started"),
    ...ofModel,
    pid: count,
    command: v.array(v.string()),
    /** Total number of epochs that were asked for. */
    max_epochs: v.nullable(count),
    /** Where its output begins in the job's `log.txt`, in bytes. */
    log_offset: index,
    /** Null: from epoch 0. */
    started_from: v.nullish(StartedFromSchema),
  }),
  /** Somebody asked something of the job; it is on its way. */
  requested: v.object({
    type: v.literal("requested"),
    /** Absent: the whole job is meant. */
    model: v.optional(index),
    what: v.picklist(JOB_REQUESTS),
  }),
  /** The last watcher vanished without a goodbye; the training goes on. */
  connection_lost: v.object({ type: v.literal("connection_lost"), ...ofModel }),
  /** Somebody watches again. */
  connection_regained: v.object({ type: v.literal("connection_regained"), ...ofModel }),
  /** At most one every few seconds. */
  batch: v.object({
    type: v.literal("batch"),
    ...ofModel,
    epoch: index,
    batch: index,
    loss: optionalNumber,
  }),
  epoch: v.object({
    type: v.literal("epoch"),
    ...ofModel,
    epoch: index,
    train_loss: optionalNumber,
    val_loss: optionalNumber,
  }),
  checkpoint: v.object({
    type: v.literal("checkpoint"),
    ...ofModel,
    epoch: index,
    path: v.string(),
    kind: v.picklist(["best", "last"]),
  }),
  warning: v.object({
    type: v.literal("warning"),
    model: v.optional(index),
    message: v.string(),
  }),
  model_finished: v.object({
    type: v.literal("model_finished"),
    ...ofModel,
    model_id: v.string(),
    outcome: ModelOutcomeSchema,
  }),
  /** sleap-nn is about to predict. */
  predictor_started: v.object({
    type: v.literal("predictor_started"),
    pid: count,
    command: v.array(v.string()),
    /** Where its output begins in the job's `log.txt`, in bytes. */
    log_offset: index,
  }),
  /** How many frames are done; at most one a second. */
  frames: v.object({
    type: v.literal("frames"),
    phase: v.picklist(["inference", "tracking"]),
    done: index,
    /** Null: not known. */
    total: v.nullable(index),
    /** Frames a second; null: not known. */
    rate: optionalNumber,
    /** Seconds that are left; null: not known. */
    eta: optionalNumber,
  }),
  /** The predictions are in their place. */
  predictions_written: v.object({
    type: v.literal("predictions_written"),
    output: OutputSchema,
    /** Number of frames that were looked at; null: not known. */
    frames: v.nullable(index),
  }),
  job_finished: v.object({
    type: v.literal("job_finished"),
    status: v.picklist(["succeeded", "failed", "cancelled", "interrupted"]),
    /** Why the job did not succeed; null if it did. */
    error: v.nullable(v.string()),
  }),
};

/** What happened, without its place in the sequence. */
export const JobEventBodySchema = v.variant("type", [
  bodies.job_started,
  bodies.model_registered,
  bodies.trainer_started,
  bodies.requested,
  bodies.connection_lost,
  bodies.connection_regained,
  bodies.batch,
  bodies.epoch,
  bodies.checkpoint,
  bodies.warning,
  bodies.model_finished,
  bodies.predictor_started,
  bodies.frames,
  bodies.predictions_written,
  bodies.job_finished,
]);
/** What happened, without its place in the sequence. */
export type JobEventBody = v.InferOutput<typeof JobEventBodySchema>;

const PlaceSchema = v.object({
  seq: count,
  time: v.pipe(v.string(), v.isoTimestamp()),
});

/** One event of a job, with its place in the sequence. */
export type JobEvent = v.InferOutput<typeof PlaceSchema> & JobEventBody;

/** One line of `events.ndjson`, without the line end. */
export function encodeJobEvent(event: JobEvent): string {
  return JSON.stringify(event);
}

/**
 * Read one line of `events.ndjson`.
 *
 * @returns the event, or null for a line that is no event we know (a newer version wrote it)
 */
export function decodeJobEvent(line: string): JobEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return readJobEvent(value);
}

/** {@linkcode decodeJobEvent} for JSON that was parsed already. */
export function readJobEvent(value: unknown): JobEvent | null {
  const place = v.safeParse(PlaceSchema, value);
  const body = v.safeParse(JobEventBodySchema, value);
  return place.success && body.success ? { ...place.output, ...body.output } : null;
}
