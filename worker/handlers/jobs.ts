/**
 * Answering clients who ask about jobs, and who ask something of them.
 *
 * @module
 */
import { basename } from "node:path";
import type * as v from "valibot";
import type { ChosenModel } from "../../lib/protocol/track_spec.ts";
import {
  type JobDescription,
  type JobLogPart,
  type JobPage,
  JobRefSchema,
  type JobSummary,
  ListJobsSchema,
  ReadJobLogSchema,
  RequestOfJobSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import { askOfJob } from "../requests/ask_of_job.ts";
import { describeJob, describeOrSkip } from "../view/describe_job.ts";
import { readJobLog } from "../view/job_log.ts";
import type { WorkerContext } from "../worker_context.ts";

/** A page is full beyond it, in UTF-16 units; a message holds it and one job more. */
const MAX_PAGE = 10_000;

type ReadLog = v.InferOutput<typeof ReadJobLogSchema>;

/** The calls, by method. */
export function jobHandlers(
  context: WorkerContext,
): Record<string, (params: unknown) => Promise<unknown>> {
  // One at a time, however often a client asks: it reads all events of the job.
  let searched: Promise<unknown> = Promise.resolve();
  const searchLog = async (asked: ReadLog): Promise<JobLogPart> => {
    const part = searched.then(() => readLog(context, asked));
    searched = part.catch(() => {});
    return await part;
  };
  return {
    [WORKER_METHODS.listJobs]: (params: unknown) => listJobs(context, params),
    [WORKER_METHODS.requestOfJob]: (params: unknown) => requestOfJob(context, params),
    [WORKER_METHODS.readJobLog]: async (params: unknown) => {
      const asked = readMessage(ReadJobLogSchema, params, WORKER_METHODS.readJobLog);
      return await (asked.at_seq === undefined ? readLog(context, asked) : searchLog(asked));
    },
    [WORKER_METHODS.describeJob]: (params: unknown) => describe(context, params),
  };
}

function predictorOf({ model_id, alias, checkpoint_path }: ChosenModel) {
  return { model_id, alias, checkpoint_path };
}

async function listJobs(
  { registry, queue, jobOrder }: WorkerContext,
  params: unknown,
): Promise<JobPage> {
  const { from } = readMessage(ListJobsSchema, params, WORKER_METHODS.listJobs);
  const folders = await jobOrder.newestFirst();
  const jobs: JobSummary[] = [];
  let size = 0;
  let next = from;
  for (const folder of folders.slice(from)) {
    const job = await describeOrSkip(folder, registry, queue.placeOf(folder.jobId));
    next++;
    if (job === null) continue;
    size += JSON.stringify(job).length;
    jobs.push(job);
    if (size > MAX_PAGE) break;
  }
  return { jobs, next: next < folders.length ? next : null };
}

async function requestOfJob(
  { registry, queue }: WorkerContext,
  params: unknown,
): Promise<JobSummary> {
  const { job_id, what } = readMessage(RequestOfJobSchema, params, WORKER_METHODS.requestOfJob);
  const folder = await queue.find(job_id);
  await askOfJob(folder, registry, what);
  await queue.look();
  return await describeJob(folder, registry, queue.placeOf(job_id));
}

async function readLog(
  { queue }: WorkerContext,
  { job_id, from, at_seq }: ReadLog,
): Promise<JobLogPart> {
  return await readJobLog(await queue.find(job_id), { from, atSeq: at_seq });
}

async function describe({ queue }: WorkerContext, params: unknown): Promise<JobDescription> {
  const { job_id } = readMessage(JobRefSchema, params, WORKER_METHODS.describeJob);
  const folder = await queue.find(job_id);
  const [spec, { status }] = await Promise.all([folder.readSpec(), folder.readState()]);
  const models = spec.type === "train" ? spec.models : spec.predictors;
  return {
    type: spec.type,
    data_name: spec.type === "train" ? null : basename(spec.data_path),
    predictors: spec.type === "train" ? [] : spec.predictors.map(predictorOf),
    status,
    model_types: models.map(({ model_type }) => model_type),
    log_path: folder.logPath,
    warnings: [...queue.warningsOf(job_id)],
  };
}
