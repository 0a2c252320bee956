/**
 * What a job that predicts is asked to do: its `spec.json`.
 *
 * @module
 */
import * as v from "valibot";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What is predicted and how; the names are sleap-nn's. */
export const PredictOptionsSchema = v.object({
  /** Only frames that are suggested for labelling; of a `.slp` alone. */
  only_suggested_frames: v.optional(v.boolean()),
  /** Only frames that a person has labelled; of a `.slp` alone. */
  only_labeled_frames: v.optional(v.boolean()),
  /** Only frames that have predictions already; of a `.slp` alone. */
  only_predicted_frames: v.optional(v.boolean()),
  /** Not those frames that a person has labelled; of a `.slp` alone. */
  exclude_user_labeled: v.optional(v.boolean()),
  /** 0-based indices: `1,2,3`, or one range `0-99`, both ends included. */
  frames: v.optional(v.pipe(v.string(), v.regex(/^(\d{1,9}(,\d{1,9})*|\d{1,9}-\d{1,9})$/))),
  /** Which video of a `.slp`, from 0. */
  video_index: v.optional(index),
  batch_size: v.optional(count),
  /** Peaks below it are no nodes, 0 to 1. */
  peak_threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  /** Follow instances from frame to frame. */
  tracking: v.optional(v.boolean()),
  /** Most instances in a frame. */
  max_instances: v.optional(count),
  /** Further arguments for sleap-nn, each checked against a list. */
  extra: v.optional(v.array(v.string())),
});
/** What is predicted and how; the names are sleap-nn's. */
export type PredictOptions = v.InferOutput<typeof PredictOptionsSchema>;

/** A model that predicts. */
export const ChosenModelSchema = v.object({
  /** Null: it was named by its path and is in no registry. */
  model_id: v.nullable(v.string()),
  /** The alias that it had then; null: none. */
  alias: v.nullable(v.string()),
  model_type: v.string(),
  /** Absolute path. */
  checkpoint_path: v.string(),
  /** Absolute path of the `training_config.yaml` or `.json` beside it. */
  config_path: v.string(),
  /** Of the checkpoint, 64 hex digits. */
  sha256: v.string(),
});
/** A model that predicts. */
export type ChosenModel = v.InferOutput<typeof ChosenModelSchema>;

/** A job that predicts: one model, or the two of a top-down pair, on one video or labels file. */
export const TrackSpecSchema = v.object({
  version: v.literal(1),
  job_id: v.pipe(v.string(), v.regex(/^job_[0-9a-f]{8}$/)),
  type: v.literal("track"),
  /** UTC, ISO 8601 with `Z`. */
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  predictors: v.pipe(v.array(ChosenModelSchema), v.minLength(1), v.maxLength(2)),
  /** Absolute path of a video or a `.slp`. */
  data_path: v.string(),
  /** Absolute path of the predictions, `.slp`. */
  output_path: v.string(),
  /** Replace a file that is in its place. */
  overwrite: v.boolean(),
  /** Where videos that a `.slp` names are on this machine: new beginning by old beginning. */
  path_map: v.record(v.string(), v.string()),
  options: PredictOptionsSchema,
  /** Absolute folder where relative video paths in a `.slp` begin. */
  base_dir: v.string(),
  /** Models that are interrupted may predict. */
  allow_interrupted: v.boolean(),
  /** Chosen by who submits: submitting twice with the same key gives the same job. */
  idempotency_key: v.optional(v.nullable(v.string())),
});
/** A job that predicts. */
export type TrackSpec = v.InferOutput<typeof TrackSpecSchema>;
