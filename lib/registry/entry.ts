/**
 * One model in the registry: the entry of the manifest.
 *
 * @module
 */
import * as v from "valibot";

/** Statuses a model can have; `completed`, `failed` and `abandoned` leave only by an explicit resume. */
export const MODEL_STATUSES = [
  "training",
  "completed",
  "interrupted",
  "failed",
  "abandoned",
] as const;
/** Status of a model. */
export type ModelStatus = typeof MODEL_STATUSES[number];

const text = v.nullish(v.string());
const number = v.nullish(v.number());
const record = v.nullish(v.record(v.string(), v.unknown()));

/** One run of the trainer for a model: the first training or a resume. */
export const AttemptSchema = v.looseObject({
  job_id: v.string(),
  attempt: v.number(),
  /** 0-based indices; null before the first epoch ended. */
  first_epoch: number,
  last_epoch: number,
  /** What a resume continued from; null: from scratch. */
  started_from: v.nullish(
    v.looseObject({ path: v.string(), epoch: v.number(), sha256: v.string() }),
  ),
});

/** One change of a model's status. */
export const HistorySchema = v.looseObject({
  time: v.string(),
  status: v.string(),
  running: v.nullish(v.boolean()),
  reason: text,
  job_id: text,
});

/** Where the files of an imported model come from. */
export const ImportedFromSchema = v.looseObject({
  /** Absolute path of a folder that is not ours. */
  folder: v.string(),
  /** `link`: the files are still there; `copy`. */
  mode: v.string(),
  host: text,
});

/** How far the events of a job are booked into an entry. */
export const BookedSchema = v.looseObject({
  job_id: v.string(),
  attempt: v.number(),
  seq: v.number(),
});

/**
 * The stored form of a model. Only `id` is required, so that files of the older Python program load;
 * unknown keys are kept. Epochs are 0-based indices, times UTC ISO 8601, paths relative to the root.
 */
export const ModelEntrySchema = v.looseObject({
  /** First 8 hex digits of `full_hash`, with `-2`, `-3`, … after a collision. */
  id: v.string(),
  full_hash: text,
  run_name: text,
  model_type: text,
  /** MD5 of the package or labels file. */
  training_job_hash: text,
  labels_sha256: text,
  status: text,
  alias: text,
  /** The checkpoint to use: `best.ckpt` once completed, before that the newest complete one. */
  checkpoint_path: text,
  last_checkpoint_path: text,
  checkpoint: v.nullish(v.looseObject({ epoch: number, sha256: text, bytes: number })),
  config_path: text,
  created_at: text,
  completed_at: text,
  interrupted_at: text,
  failed_at: text,
  imported_at: text,
  imported_from: v.nullish(ImportedFromSchema),
  /** 0-based index of the last finished epoch. */
  last_epoch: number,
  metrics: record,
  /** `dataset`, `gpu_model`, `training_duration_seconds`, … */
  metadata: record,
  training_hyperparameters: record,
  sleap_nn_version: text,
  source: text,
  /** The job that trained it last, and its place among the job's models. */
  job_id: text,
  model_index: number,
  /** A trainer is at work although the status is `interrupted`: only the connection was lost. */
  running: v.nullish(v.boolean()),
  attempts: v.nullish(v.array(AttemptSchema)),
  /** Changes of the status since the registration, the oldest first; the middle of many is cut out. */
  history: v.nullish(v.array(HistorySchema)),
  /** Somebody asked the completed training to finish before its last epoch. */
  stopped_early: v.nullish(v.boolean()),
  booked: v.nullish(BookedSchema),
  /** Why it was interrupted or failed, and the error text. */
  reason: text,
  error: text,
  warning: text,
  tags: v.nullish(v.array(v.string())),
  notes: text,
  /** Counts the changes of this entry: the higher one is the newer version, whatever the clock says. */
  revision: number,
});

/** The stored form of a model. */
export type ModelEntry = v.InferOutput<typeof ModelEntrySchema>;

/** What {@linkcode ModelRegistry.register} takes: an entry whose ID is still a wish. */
export type NewModel = Partial<ModelEntry> & {
  /** The wished ID: 8 hex digits. */
  id: string;
  model_type: string;
};
