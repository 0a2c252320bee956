/**
 * What our own client asks our own worker by RPC, beside uploads:
 *
 * ```
 * worker.info     {}                        → WorkerInfo
 * registry.list   {filters, from}           → {models: [LocatedModel], next}
 * registry.get    {name}                    → LocatedModel
 * registry.abandon {name}                   → LocatedModel
 * registry.tag    {name, alias, remove_alias, force} → LocatedModel
 * registry.choose {models, model_paths, allow_interrupted} → {models: [ChosenModel], partner}:
 *                 checked, files and hashes included
 * jobs.list       {from}                    → {jobs: [JobSummary], next}, newest first
 * jobs.request    {job_id, what}            → JobSummary: the request is on the worker's disk
 * jobs.log        {job_id, from, at_seq}    → {text, next, ended, status}, in bytes of log.txt
 * jobs.describe   {job_id}                  → {type, model_types, data_name, predictors, log_path,
 *                 warnings, status}
 * jobs.watch      {job_id, after_seq}       → null, then
 *                 ← jobs.queued {job_id, position, reason} while it waits, on each change
 *                 ← jobs.event {job_id, event}, jobs.events {job_id, events} for several
 *                 ← jobs.ended {job_id, status, error, models, output}
 *                 or ← jobs.lost {job_id, message}: it cannot be told of any more
 * jobs.unwatch    {job_id}                  the client's goodbye: it is not interested any more
 * ```
 *
 * Events come in the order of their `seq`, each at most once. Numbers are missing where the worker
 * leaves `batch` events out: of those that it finds together it tells the newest one alone.
 *
 * @module
 */
import * as v from "valibot";
import { JOB_REQUESTS, JOB_STATUSES, OutputSchema } from "./job_events.ts";
import { ChosenModelSchema } from "./track_spec.ts";

/** The calls and notifications. */
export const WORKER_METHODS = {
  info: "worker.info",
  listModels: "registry.list",
  getModel: "registry.get",
  abandonModel: "registry.abandon",
  tagModel: "registry.tag",
  chooseModels: "registry.choose",
  listJobs: "jobs.list",
  requestOfJob: "jobs.request",
  readJobLog: "jobs.log",
  describeJob: "jobs.describe",
  watchJob: "jobs.watch",
  unwatchJob: "jobs.unwatch",
  jobQueued: "jobs.queued",
  jobEvent: "jobs.event",
  jobEvents: "jobs.events",
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
  /** ID of a job that runs there; null: one would start at once. */
  busy_with: v.nullable(text),
  /** How many jobs may run at once, and how many wait. */
  max_jobs: v.optional(index),
  waiting: v.optional(index),
});
/** What a worker tells of itself. */
export type WorkerInfo = v.InferOutput<typeof WorkerInfoSchema>;

/** The losses of one epoch. */
export const LossPointSchema = v.object({
  /** 0-based. */
  epoch: index,
  train_loss: v.nullable(v.number()),
  val_loss: v.nullable(v.number()),
});
/** The losses of one epoch. */
export type LossPoint = v.InferOutput<typeof LossPointSchema>;

/** An entry, and what only the worker that holds it can tell. */
export const RemoteModelSchema = v.object({
  /** Checked by whoever uses it: an entry of the registry. */
  entry: v.record(v.string(), v.unknown()),
  checkpoint_exists: v.boolean(),
  supervised: v.boolean(),
  location: v.object({ host: text, root: text }),
  /** Paths in the entry whose file is not there. */
  missing_files: v.array(text),
  /** Losses over all attempts, where they were asked for; not every epoch of a long training. */
  loss_curve: v.optional(v.array(LossPointSchema)),
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

/** Parameters of `registry.get` and `registry.abandon`: an ID, an alias or a prefix of an ID. */
export const GetModelSchema = v.object({
  name: text,
  /** Tell its losses, too. */
  curve: v.optional(v.boolean(), false),
});

/** Parameters of `registry.tag`. */
export const TagModelSchema = v.object({
  name: text,
  /** The new alias. */
  alias: v.optional(text),
  remove_alias: v.optional(v.boolean(), false),
  /** Take the alias away from the model that has it. */
  force: v.optional(v.boolean(), false),
});

/** Parameters of `registry.choose`. */
export const ChooseModelsSchema = v.object({
  /** IDs, aliases or prefixes. */
  models: v.optional(v.pipe(v.array(text), v.maxLength(2)), []),
  /** Model folders or checkpoints of the worker, instead. */
  model_paths: v.optional(v.pipe(v.array(text), v.maxLength(2)), []),
  allow_interrupted: v.optional(v.boolean(), false),
  /** Further arguments for sleap-nn. */
  extra: v.optional(v.pipe(v.array(text), v.maxLength(64)), []),
});

/** The answer to `registry.choose`. */
export const ChosenModelsSchema = v.object({
  models: v.array(ChosenModelSchema),
  /** ID of the model that was added because it was trained with the named one; null: none was. */
  partner: v.nullable(text),
});
/** The answer to `registry.choose`. */
export type ChosenModels = v.InferOutput<typeof ChosenModelsSchema>;

/** One job, as a list shows it. */
export const JobSummarySchema = v.object({
  job_id: JobId,
  type: text,
  status: v.picklist(JOB_STATUSES),
  /** Place in the queue, from 1; null: it does not wait. */
  position: v.nullable(index),
  /** What it waits for; null: it does not wait. */
  reason: v.nullable(text),
  created_at: text,
  /** When it ended; null: it has not. */
  finished_at: v.nullable(text),
  /** Why it did not succeed. */
  error: v.nullable(text),
  /** What was asked of it and has not come about yet. */
  requested: v.nullable(v.picklist(JOB_REQUESTS)),
  /** The job whose model it resumes. */
  resumed_from: v.nullable(text),
  /** File name of what a job that predicts looks at; absent or null: it trains. */
  data_name: v.nullish(text),
  /** In order; a model that waits has no ID yet. Those that predict have the status `predicts`. */
  models: v.array(v.object({
    model_id: v.nullable(text),
    model_type: text,
    /** `pending`, or as in the registry. */
    status: text,
    /** Finished epochs in all attempts. */
    epochs_completed: index,
    /** Null: not known. */
    max_epochs: v.nullable(index),
  })),
});
/** One job, as a list shows it. */
export type JobSummary = v.InferOutput<typeof JobSummarySchema>;

/** Parameters of `jobs.list`. */
export const ListJobsSchema = v.object({ from: v.optional(index, 0) });

/** The answer to `jobs.list`: as many as one message holds, newest first. */
export const JobPageSchema = v.object({
  jobs: v.array(JobSummarySchema),
  /** Where to go on; null: that was all. */
  next: v.nullable(index),
});
/** The answer to `jobs.list`. */
export type JobPage = v.InferOutput<typeof JobPageSchema>;

/** Parameters of `jobs.request`. */
export const RequestOfJobSchema = v.object({ job_id: JobId, what: v.picklist(JOB_REQUESTS) });

/** Parameters of `jobs.log`. */
export const ReadJobLogSchema = v.object({
  job_id: JobId,
  /** Place in the log, in bytes. */
  from: v.optional(index, 0),
  /** Instead: begin with the output of the trainer that wrote this event. */
  at_seq: v.optional(index),
});

/** The answer to `jobs.log`: as much as one message holds, cut between characters. */
export const JobLogPartSchema = v.object({
  text: v.string(),
  /** Where to go on, in bytes. */
  next: index,
  /** The job has ended, and that was all. */
  ended: v.boolean(),
  /** The job's status before this was read. */
  status: v.optional(v.picklist(JOB_STATUSES)),
});
/** The answer to `jobs.log`. */
export type JobLogPart = v.InferOutput<typeof JobLogPartSchema>;

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
  status: v.optional(v.picklist(JOB_STATUSES)),
  type: v.optional(v.picklist(["train", "track"]), "train"),
  /** File name of what a job that predicts looks at; null: it trains. */
  data_name: v.optional(v.nullable(text), null),
  /** The models of a job that predicts. */
  predictors: v.optional(
    v.array(v.object({
      model_id: v.nullable(text),
      alias: v.nullable(text),
      checkpoint_path: text,
    })),
    [],
  ),
});
/** The answer to `jobs.describe`. */
export type JobDescription = v.InferOutput<typeof JobDescriptionSchema>;

/** A notification: a watched job waits in the queue. */
export const JobQueuedNoticeSchema = v.object({
  job_id: JobId,
  /** From 1. */
  position: index,
  /** What it waits for. */
  reason: text,
});
/** A notification: a watched job waits in the queue. */
export type JobQueuedNotice = v.InferOutput<typeof JobQueuedNoticeSchema>;

/** A notification with one event of a watched job, not checked yet. */
export const JobEventNoticeSchema = v.object({ job_id: JobId, event: v.unknown() });

/** A notification with several events of a watched job, in order, not checked yet. */
export const JobEventsNoticeSchema = v.object({ job_id: JobId, events: v.array(v.unknown()) });

/** A notification: the worker cannot tell of a watched job any more. */
export const JobLostNoticeSchema = v.object({ job_id: JobId, message: v.string() });

/** A notification: a watched job has ended, and all its events were sent. */
export const JobEndedNoticeSchema = v.object({
  job_id: JobId,
  status: v.picklist(JOB_STATUSES),
  error: v.nullable(v.string()),
  /** IDs of its registered models, or of those that predicted, in order. */
  models: v.array(text),
  /** Its predictions; absent or null: none. */
  output: v.nullish(OutputSchema),
});
/** A notification: a watched job has ended. */
export type JobEndedNotice = v.InferOutput<typeof JobEndedNoticeSchema>;
