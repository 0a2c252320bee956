/**
 * What a job is asked to do: the immutable `spec.json` of a job folder.
 *
 * @module
 */
import * as v from "valibot";
import { TrackSpecSchema } from "./track_spec.ts";

const epochs = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)));

/** Overrides of a training, as given on the command line. */
export const TrainOverridesSchema = v.object({
  /** Total number of epochs, at least 1. */
  max_epochs: epochs,
  /** Samples in a batch, for training and validation. */
  batch_size: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  /** Initial learning rate of the optimizer. */
  learning_rate: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
});
/** Overrides of a training, as given on the command line. */
export type TrainOverrides = v.InferOutput<typeof TrainOverridesSchema>;

/** One model of a training job. */
export const ModelSpecSchema = v.object({
  /** The client's configuration as given, relative to the job folder: `configs/0.yaml`. */
  config: v.string(),
  /** The first head of the configuration, e.g. `centroid`. */
  model_type: v.string(),
  /** Part of what the model ID is computed from. */
  run_name: v.string(),
  /** 64 hex digits; the first 8 are the model ID, before any collision suffix. */
  full_hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** File name of the labels or of the package, for people. */
  dataset: v.nullable(v.string()),
  /** MD5 of the package or labels file, 32 hex digits; null where it could not be read. */
  training_job_hash: v.nullable(v.string()),
  /** SHA-256 of the labels file, 64 hex digits; null where it could not be read. */
  labels_sha256: v.nullable(v.string()),
  /** Settings of a package's script, in order: `["trainer_config.max_epochs", "5"]`. */
  script_overrides: v.array(v.tuple([v.string(), v.string()])),
  /** The registered model that goes on; absent or null: a new one. */
  resume: v.optional(v.nullable(v.object({
    model_id: v.string(),
    /** Begin again from epoch 0 instead of going on from the checkpoint. */
    restart: v.boolean(),
    /** The job that had trained it last when this was asked for; absent: not known. */
    job_id: v.optional(v.nullable(v.string())),
    /** It was abandoned when this was asked for; absent: not known. */
    abandoned: v.optional(v.boolean()),
  }))),
  /** Total number of epochs of this model; absent: as the job's overrides say. */
  max_epochs: epochs,
});
/** One model of a training job. */
export type ModelSpec = v.InferOutput<typeof ModelSpecSchema>;

/** A training job: one or more models on one data set, trained in order. */
export const TrainSpecSchema = v.object({
  version: v.literal(1),
  job_id: v.pipe(v.string(), v.regex(/^job_[0-9a-f]{8}$/)),
  type: v.literal("train"),
  /** UTC, ISO 8601 with `Z`. */
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  models: v.pipe(v.array(ModelSpecSchema), v.minLength(1)),
  /** Absolute paths that replace the configuration's; null: as the configuration says. */
  labels_path: v.nullable(v.string()),
  val_labels_path: v.nullable(v.string()),
  /** Absolute folder against which relative paths in the configurations are resolved. */
  base_dir: v.string(),
  overrides: TrainOverridesSchema,
  /** Alias that the first model gets when it is registered; absent or null: none. */
  alias: v.optional(v.nullable(v.string())),
  /** The job whose model this one resumes; absent or null: none. */
  resumed_from: v.optional(v.nullable(v.string())),
  /** Chosen by who submits: submitting twice with the same key gives the same job. */
  idempotency_key: v.optional(v.nullable(v.string())),
});
/** A training job: one or more models on one data set, trained in order. */
export type TrainSpec = v.InferOutput<typeof TrainSpecSchema>;

/** What overrides the configuration of one model of a job. */
export function overridesOf(
  { max_epochs }: ModelSpec,
  { overrides }: Pick<TrainSpec, "overrides">,
): TrainOverrides {
  return max_epochs === undefined ? overrides : { ...overrides, max_epochs };
}

/** Every kind of job. */
export const JobSpecSchema = v.variant("type", [TrainSpecSchema, TrackSpecSchema]);
/** Every kind of job. */
export type JobSpec = v.InferOutput<typeof JobSpecSchema>;
