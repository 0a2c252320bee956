/**
 * What our own client asks our own worker by RPC, beside uploads:
 *
 * ```
 * worker.info     {}                        → WorkerInfo
 * registry.list   {filters, from}           → {models: [LocatedModel], next}
 * registry.get    {name}                    → LocatedModel
 * jobs.describe   {job_id}                  → {model_types, log_path, warnings}
 * jobs.watch      {job_id, after_seq}       → null, then
 *                 ← jobs.event {job_id, event}, ← jobs.ended {job_id, status, error, models}
 *                 or ← jobs.lost {job_id, message}: it cannot be told of any more
 * jobs.unwatch    {job_id}                  the client is not interested any more
 * ```
 *
 * @module
 */
import * as v from "valibot";
import { JOB_STATUSES } from "./job_events.ts";

/** The calls and notifications. */
export const WORKER_METHODS = {
  info: "worker.info",
  listModels: "registry.list",
  getModel: "registry.get",
  describeJob: "jobs.describe",
  watchJob: "jobs.watch",
  unwatchJob: "jobs.unwatch",
  jobEvent: "jobs.event",
  jobEnded: "jobs.ended",
  jobLost: "jobs.lost",
} as const;

const text = v.pipe(v.string(), v.maxLength(4_096));
const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const JobId = v.pipe(v.string(), v.regex(/^job_[0-9a-f]{8}$/));

/** A folder of the worker that clients may name files in. */
export const MountSchema = v.object({ path: text, label: text });
/** A folder of the worker that clients may name files in. */
export type Mount = v.InferOutput<typeof MountSchema>;

/** What a worker tells of itself. */
export const WorkerInfoSchema = v.object({
  name: text,
  host: text,
  /** Absolute path of the registry root. */
  root: text,
  version: text,
  mounts: v.array(MountSchema),
  /** ID of the job that runs there; null: it may take one. */
  busy_with: v.nullable(text),
});
/** What a worker tells of itself. */
export type WorkerInfo = v.InferOutput<typeof WorkerInfoSchema>;

/** An entry, and what only the worker that holds it can tell. */
export const RemoteModelSchema = v.object({
  /** Checked by whoever uses it: an entry of the registry. */
  entry: v.record(v.string(), v.unknown()),
  checkpoint_exists: v.boolean(),
  supervised: v.boolean(),
  location: v.object({ host: text, root: text }),
  /** Paths in the entry whose file is not there. */
  missing_files: v.array(text),
});
/** An entry, and what only the worker that holds it can tell. */
export type RemoteModel = v.InferOutput<typeof RemoteModelSchema>;

/** Parameters of `registry.list`. */
export const ListModelsSchema = v.object({
  status: v.optional(text),
  model_type: v.optional(text),
  /** Place of the first entry that is wanted. */
  from: v.optional(index, 0),
});

/** The answer to `registry.list`: as many as one message holds. */
export const ModelPageSchema = v.object({
  models: v.array(RemoteModelSchema),
  /** Where to go on; null: that was all. */
  next: v.nullable(index),
});
/** The answer to `registry.list`. */
export type ModelPage = v.InferOutput<typeof ModelPageSchema>;

/** Parameters of `registry.get`: an ID or a prefix of one. */
export const GetModelSchema = v.object({ name: text });

/** Parameters of `jobs.watch`. */
export const WatchJobSchema = v.object({ job_id: JobId, after_seq: v.optional(index, 0) });
/** Parameters of `jobs.describe` and `jobs.unwatch`. */
export const JobRefSchema = v.object({ job_id: JobId });

/** The answer to `jobs.describe`. */
export const JobDescriptionSchema = v.object({
  model_types: v.array(text),
  /** Where the trainer's output is on the worker. */
  log_path: text,
  /** What the user should know; only where this worker process has taken the job. */
  warnings: v.array(text),
});
/** The answer to `jobs.describe`. */
export type JobDescription = v.InferOutput<typeof JobDescriptionSchema>;

/** A notification with one event of a watched job, not checked yet. */
export const JobEventNoticeSchema = v.object({ job_id: JobId, event: v.unknown() });

/** A notification: the worker cannot tell of a watched job any more. */
export const JobLostNoticeSchema = v.object({ job_id: JobId, message: v.string() });

/** A notification: a watched job has ended, and all its events were sent. */
export const JobEndedNoticeSchema = v.object({
  job_id: JobId,
  status: v.picklist(JOB_STATUSES),
  error: v.nullable(v.string()),
  /** IDs of its registered models, in order. */
  models: v.array(text),
});
/** A notification: a watched job has ended. */
export type JobEndedNotice = v.InferOutput<typeof JobEndedNoticeSchema>;
