/**
 * Asking a worker for a job, as the Python program does:
 *
 * ```
 * client → worker   JOB_SUBMIT::{client's ID}::{json}
 * worker → client   JOB_ACCEPTED::{job ID}
 *                   JOB_REJECTED::{client's ID}::{"errors": [{field, message, …}]}
 * ```
 *
 * @module
 */
import * as v from "valibot";
import { jsonDepth } from "./json_depth.ts";
import { TrainOverridesSchema } from "./job_spec.ts";
import { PredictOptionsSchema } from "./track_spec.ts";

/** Deepest nesting that is read. */
const MAX_DEPTH = 32;
const MAX_MODELS = 16;
const path = v.pipe(v.string(), v.nonEmpty(), v.maxLength(4_096));
const paths = v.pipe(v.array(path), v.maxLength(MAX_MODELS));
const texts = v.pipe(v.array(v.string()), v.maxLength(MAX_MODELS));

/**
 * A training that a client asks for. Paths are the worker's. Keys that we do not know are ignored,
 * as the Python worker does.
 */
export const TrainSubmissionSchema = v.object({
  type: v.literal("train"),
  /** One configuration, as its text or as a file. */
  config_content: v.nullish(v.string()),
  config_path: v.nullish(path),
  /** Several, trained in order. */
  config_contents: v.nullish(texts),
  config_paths: v.nullish(paths),
  labels_path: v.nullish(path),
  val_labels_path: v.nullish(path),
  /** A training package (`.zip`) or `.pkg.slp`; ours. */
  package_path: v.nullish(path),
  run_name: v.nullish(v.pipe(v.string(), v.nonEmpty(), v.maxLength(1_024))),
  max_epochs: v.nullish(TrainOverridesSchema.entries.max_epochs.wrapped),
  batch_size: v.nullish(TrainOverridesSchema.entries.batch_size.wrapped),
  learning_rate: v.nullish(TrainOverridesSchema.entries.learning_rate.wrapped),
  resume_ckpt_path: v.nullish(path),
  /** ID, alias or prefix of a model of the worker that goes on, instead of configurations; ours. */
  resume_model: v.nullish(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256))),
  /** Begin that model again from epoch 0; ours. */
  restart: v.nullish(v.boolean()),
  /** Alias of the first model; ours. */
  alias: v.nullish(v.pipe(v.string(), v.maxLength(256))),
  /** Submitting twice with the same key gives the same job; ours. */
  idempotency_key: v.nullish(v.pipe(v.string(), v.regex(/^[\w-]{8,64}$/))),
});
/** A training that a client asks for. */
export type TrainSubmission = v.InferOutput<typeof TrainSubmissionSchema>;

/**
 * Predictions that a client asks for. Paths are the worker's. Keys that we do not know are ignored.
 */
export const TrackSubmissionSchema = v.object({
  type: v.literal("track"),
  /** A video or `.slp`. */
  data_path: path,
  /** IDs, aliases or prefixes of models of the worker; ours. */
  models: v.nullish(
    v.pipe(v.array(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256))), v.maxLength(2)),
  ),
  /** Model folders or checkpoints, instead of models. */
  model_paths: v.nullish(v.pipe(v.array(path), v.maxLength(2))),
  /** Interrupted models may predict; ours. */
  allow_interrupted: v.nullish(v.boolean()),
  /** Where the worker keeps the predictions; absent: in the job's folder. */
  output_path: v.nullish(path),
  batch_size: v.nullish(PredictOptionsSchema.entries.batch_size.wrapped),
  peak_threshold: v.nullish(PredictOptionsSchema.entries.peak_threshold.wrapped),
  max_instances: v.nullish(PredictOptionsSchema.entries.max_instances.wrapped),
  tracking: v.nullish(v.boolean()),
  frames: v.nullish(PredictOptionsSchema.entries.frames.wrapped),
  video_index: v.nullish(PredictOptionsSchema.entries.video_index.wrapped),
  only_suggested_frames: v.nullish(v.boolean()),
  exclude_user_labeled: v.nullish(v.boolean()),
  /** Python's spelling of which frames are meant. */
  frame_filter: v.nullish(v.picklist(["suggested", "user", "predicted"])),
  /** Further arguments for sleap-nn; ours. */
  extra: v.nullish(v.pipe(v.array(v.pipe(v.string(), v.maxLength(1_024))), v.maxLength(64))),
  /** New beginning of video paths in a `.slp` by old beginning. */
  path_mappings: v.nullish(v.record(path, path)),
  idempotency_key: TrainSubmissionSchema.entries.idempotency_key,
});
/** Predictions that a client asks for. */
export type TrackSubmission = v.InferOutput<typeof TrackSubmissionSchema>;

/** What a client of ours may ask for. */
export type JobSubmission =
  | Partial<TrainSubmission> & { type: "train" }
  | Partial<TrackSubmission> & { type: "track"; data_path: string };

/** Why a job is not taken. */
export const JobRejectionSchema = v.object({
  /** The part of the submission, e.g. `labels_path`; `internal` for none. */
  field: v.string(),
  message: v.string(),
  code: v.optional(v.string()),
  /** What to do about it; ours. */
  hint: v.optional(v.string()),
  /** Exit code of a command that fails for this reason; ours. */
  exit_code: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255))),
});
/** Why a job is not taken. */
export type JobRejection = v.InferOutput<typeof JobRejectionSchema>;

/** One message about a job that is asked for. */
export type SubmitMessage =
  /** `submission` is not checked yet. */
  | { type: "submit"; clientJobId: string; submission: unknown }
  | { type: "accepted"; jobId: string }
  | { type: "rejected"; clientJobId: string; errors: JobRejection[] };

const SUBMIT = /^JOB_SUBMIT::([\w-]{1,64})::(.*)$/s;
const ACCEPTED = /^JOB_ACCEPTED::([\w-]{1,64})$/;
const REJECTED = /^JOB_REJECTED::([\w-]{1,64})::(.*)$/s;
const RejectedSchema = v.object({ errors: v.pipe(v.array(JobRejectionSchema), v.minLength(1)) });

/** One message as text. */
export function encodeSubmit(message: SubmitMessage): string {
  switch (message.type) {
    case "submit":
      return `JOB_SUBMIT::${message.clientJobId}::${JSON.stringify(message.submission)}`;
    case "accepted":
      return `JOB_ACCEPTED::${message.jobId}`;
    case "rejected":
      return `JOB_REJECTED::${message.clientJobId}::${JSON.stringify({ errors: message.errors })}`;
  }
}

/**
 * Read one message.
 *
 * @returns the message, or null for anything that is none; a submission that is no JSON is null
 */
export function decodeSubmit(text: string): SubmitMessage | null {
  const [, clientJobId, submission] = SUBMIT.exec(text) ?? [];
  if (clientJobId !== undefined && submission !== undefined) {
    return { type: "submit", clientJobId, submission: parseJson(submission) };
  }
  const [, jobId] = ACCEPTED.exec(text) ?? [];
  if (jobId !== undefined) return { type: "accepted", jobId };
  const [, rejectedId, errors] = REJECTED.exec(text) ?? [];
  if (rejectedId === undefined || errors === undefined) return null;
  const rejected = v.safeParse(RejectedSchema, parseJson(errors));
  if (!rejected.success) return null;
  return { type: "rejected", clientJobId: rejectedId, errors: rejected.output.errors };
}

function parseJson(text: string): unknown {
  if (jsonDepth(text) > MAX_DEPTH) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
