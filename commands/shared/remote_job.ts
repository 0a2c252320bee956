/**
 * A job of a worker, as commands use it.
 *
 * @module
 */
import { findRemoteJob, findSummary } from "../../lib/client/remote_jobs.ts";
import { readRemoteModel } from "../../lib/client/remote_models.ts";
import type { RemoteWorker, RemoteWorkerOptions } from "../../lib/client/remote_worker.ts";
import { findJoinedRoom } from "../../lib/credentials.ts";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import {
  type JobDescription,
  JobDescriptionSchema,
  JobLogPartSchema,
  JobSummarySchema,
  RemoteModelSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { connectToWorker } from "./choose_worker.ts";
import type { EndedJob, FollowedJob } from "./follow_job.ts";
import type { OpenJob } from "./open_job.ts";
import type { PlaceOptions } from "./options.ts";

/**
 * The job that the user means on the workers of a room, or on one of them.
 *
 * @param name its ID or the beginning of it
 * @throws {NotFoundError} when there is none, or it is not clear which is meant
 */
export async function openRemoteJob(name: string, options: PlaceOptions): Promise<OpenJob> {
  const room = await findJoinedRoom(options.room);
  const place = await findRemoteJob(room, options.worker, name);
  const connecting = { worker: place.worker, ...reconnecting() };
  const { worker, spelling } = await connectToWorker(room, connecting);
  const job = { job_id: place.jobId };
  return {
    followed: followRemotely(worker, place.jobId, lookOptionsOf(options.room, spelling)),
    ask: async (what) => {
      const { requestOfJob } = WORKER_METHODS;
      const asked = await worker.ask(requestOfJob, { ...job, what }, JobSummarySchema);
      return { status: asked.status, type: asked.type === "track" ? "track" : "train" };
    },
    readLog: async ({ from = 0, atSeq }) => {
      const at = atSeq === undefined ? { from } : { at_seq: atSeq };
      return await worker.ask(WORKER_METHODS.readJobLog, { ...job, ...at }, JobLogPartSchema);
    },
    [Symbol.asyncDispose]: () => worker.close(),
  };
}

/**
 * Options with which other commands find a worker.
 *
 * @param room value of `--room`
 * @param worker what `--worker` takes for it
 */
export function lookOptionsOf(room: string | undefined, worker: string): string[] {
  return [...(room === undefined ? [] : ["--room", room]), "--worker", worker];
}

/** A job of a connected worker, to be followed. */
export function followRemotely(
  worker: RemoteWorker,
  jobId: string,
  lookOptions: readonly string[],
): FollowedJob {
  let isTrack = false;
  return {
    jobId,
    describe: async () => {
      const description = await describeRemotely(worker, jobId);
      const { type, status = null, model_types, data_name, predictors, warnings } = description;
      isTrack = type === "track";
      const [modelTypes, dataName] = [model_types, data_name];
      return { type, status, modelTypes, dataName, predictors, warnings };
    },
    knownModels: async () => {
      const summary = await findSummary((...call) => worker.ask(...call), jobId);
      return summary?.models ?? [];
    },
    steps: (afterSeq, signal) => worker.watch(jobId, afterSeq, signal),
    ended: () => endOf(worker, isTrack),
    fetchOutput: (options) => worker.fetchOutput(jobId, options),
    lookOptions,
    trainOptions: lookOptions,
  };
}

/** What a worker says of a job it has. */
export async function describeRemotely(
  worker: RemoteWorker,
  jobId: string,
): Promise<JobDescription> {
  return await worker.ask(WORKER_METHODS.describeJob, { job_id: jobId }, JobDescriptionSchema);
}

async function endOf(worker: RemoteWorker, isTrack: boolean): Promise<EndedJob | null> {
  const { ended } = worker;
  if (ended === null) return null;
  const { status, error, models, output = null } = ended;
  return isTrack
    ? { status, error, output, predictors: models, models: [] }
    : { status, error, output, predictors: [], models: await entriesOf(worker, models) };
}

async function entriesOf(worker: RemoteWorker, ids: readonly string[]): Promise<ModelEntry[]> {
  const models: ModelEntry[] = [];
  for (const name of ids) {
    try {
      const model = await worker.ask(WORKER_METHODS.getModel, { name }, RemoteModelSchema);
      const read = readRemoteModel(model, worker.peer);
      if (read !== null) models.push(read.located.entry);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return models;
}

/**
 * How a lost connection is made again, as the user wishes and sees it.
 *
 * @throws {UsageError} when `SLEAP_RTC_RECONNECT_SECONDS` is no number
 */
export function reconnecting(): RemoteWorkerOptions {
  const text = Deno.env.get("SLEAP_RTC_RECONNECT_SECONDS");
  const seconds = Number(text);
  if (text && !(seconds >= 0)) {
    throw new UsageError(`SLEAP_RTC_RECONNECT_SECONDS is "${text}"`, {
      hint: "Give a number of seconds, e.g. 60.",
    });
  }
  return {
    ...(text ? { reconnectMs: seconds * 1_000 } : {}),
    onChange: (lost) =>
      writeStderr(lost === null ? "connected again\n" : `warning: ${lost}; trying again\n`),
  };
}
