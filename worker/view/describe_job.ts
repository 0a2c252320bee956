/**
 * Jobs as a list shows them, here and over the wire.
 *
 * @module
 */
import { basename, join } from "node:path";
import { messageOf, UsageError } from "../../lib/errors.ts";
import { readTextOrNull } from "../../lib/files/file_info.ts";
import { isLocked } from "../../lib/files/lock.ts";
import { logger } from "../../lib/log.ts";
import type { JobRequestKind } from "../../lib/protocol/job_events.ts";
import { type ModelSpec, overridesOf, type TrainSpec } from "../../lib/protocol/job_spec.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import type { JobSummary } from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { isFinalStatus, type JobFolder, type JobState, workerLockPath } from "../job_folder.ts";
import { lifeOf } from "../job_life.ts";
import { inBatches, JobOrder } from "./job_order.ts";
import { readRequest } from "../requests/job_request.ts";
import { placesOf, type QueuePlace } from "../queue/places.ts";

const log = logger("jobs");
/** Of an error, in UTF-16 units. */
const MAX_TEXT = 4_000;

type ModelSummary = JobSummary["models"][number];

/**
 * One job.
 *
 * @param place where it waits; null: it does not
 * @throws {SleapRtcError} when its folder is damaged
 */
export async function describeJob(
  folder: JobFolder,
  registry: ModelRegistry,
  place: QueuePlace | null = null,
): Promise<JobSummary> {
  const spec = await folder.readSpec();
  const state = await folder.readState();
  const isFinal = isFinalStatus(state.status);
  const result = isFinal ? await folder.readResult() : null;
  const waits = state.status === "queued" ? place : null;
  return {
    job_id: folder.jobId,
    type: spec.type,
    status: state.status,
    position: waits?.position ?? null,
    reason: waits?.reason ?? null,
    created_at: spec.created_at,
    finished_at: result?.finished_at ?? null,
    error: result?.error?.slice(0, MAX_TEXT) ?? null,
    requested: isFinal ? null : await requestedOf(folder, state),
    ...spec.type === "track" ? describePredictions(spec) : {
      resumed_from: spec.resumed_from ?? null,
      models: await Promise.all(
        spec.models.map((_, index) => describeModel(folder, registry, { spec, state, index })),
      ),
    },
  };
}

function describePredictions(
  { predictors, data_path }: TrackSpec,
): Pick<JobSummary, "resumed_from" | "models" | "data_name"> {
  return {
    resumed_from: null,
    data_name: basename(data_path),
    models: predictors.map(({ model_id, model_type }) => ({
      model_id,
      model_type,
      status: "predicts",
      epochs_completed: 0,
      max_epochs: null,
    })),
  };
}

/** All jobs of a root, newest first; a damaged one is left out, and the log says so. */
export async function summariseJobs(registry: ModelRegistry): Promise<JobSummary[]> {
  const folders = await new JobOrder(registry.root).newestFirst();
  const jobs = await inBatches(folders, (folder) => describeOrSkip(folder, registry));
  const hasWorker = await isLocked(workerLockPath(registry.root));
  const places = await findPlaces(jobs.filter((job) => job !== null), folders, hasWorker);
  return jobs.flatMap((job) => job === null ? [] : { ...job, ...places.get(job.job_id) });
}

/**
 * {@linkcode describeJob}; null for a damaged folder, of which the log tells.
 *
 * @param place where it waits; null: it does not
 */
export async function describeOrSkip(
  folder: JobFolder,
  registry: ModelRegistry,
  place: QueuePlace | null = null,
): Promise<JobSummary | null> {
  try {
    return await describeJob(folder, registry, place);
  } catch (error) {
    log.warn(`job ${folder.jobId} is not listed: ${messageOf(error)}`);
    return null;
  }
}

/** Only a worker knows how many run at once: what all wait for is told as far as the disk tells it. */
async function findPlaces(
  jobs: readonly JobSummary[],
  folders: readonly JobFolder[],
  hasWorker: boolean,
): Promise<Map<string, QueuePlace>> {
  const queued = new Set(jobs.flatMap(({ job_id, status }) => status === "queued" ? job_id : []));
  const running = jobs.flatMap(({ job_id, status }) => status === "running" ? job_id : []);
  const waiting: { jobId: string; turn: number }[] = [];
  for (const folder of folders) {
    if (!queued.has(folder.jobId) || await lifeOf(folder) !== "waiting") continue;
    waiting.push({ jobId: folder.jobId, turn: (await folder.readState()).turn ?? 0 });
  }
  waiting.sort((a, b) => a.turn - b.turn);
  const maxJobs = hasWorker ? Math.max(1, running.length) : null;
  return placesOf({ running, waiting: waiting.map(({ jobId }) => jobId), maxJobs });
}

async function requestedOf(folder: JobFolder, state: JobState): Promise<JobRequestKind | null> {
  const { end, finish } = await readRequest(folder);
  if (end !== null) return end.what;
  const status = finish === null ? undefined : state.models[finish.model]?.status;
  return status === "training" || status === "pending" ? "finish" : null;
}

interface ModelPlace {
  spec: TrainSpec;
  state: JobState;
  index: number;
}

async function describeModel(
  folder: JobFolder,
  registry: ModelRegistry,
  place: ModelPlace,
): Promise<ModelSummary> {
  const { spec, state, index } = place;
  const model = spec.models[index];
  const known = state.models[index];
  const id = known?.model_id ?? model?.resume?.model_id ?? null;
  const entry = id === null ? null : await registry.get(id);
  const isPending = known === undefined || known.status === "pending";
  // What other jobs made of a model later is not this one's; what they left it takes up.
  const isPast = entry !== null && entry.job_id !== folder.jobId &&
    (!isPending || isFinalStatus(state.status));
  const now = isPast ? null : entry;
  return {
    model_id: id,
    model_type: model?.model_type ?? "",
    status: isPending ? "pending" : now?.status ?? known.status,
    epochs_completed: isPast ? epochsIn(folder, entry) : epochsOf(now),
    max_epochs: await maxEpochs(folder, place, now),
  };
}

/** How far a model had come with a job that others followed. */
function epochsIn({ jobId }: JobFolder, { attempts }: ModelEntry): number {
  const attempt = attempts?.findLast(({ job_id }) => job_id === jobId);
  return (attempt?.last_epoch ?? attempt?.started_from?.epoch ?? -1) + 1;
}

function epochsOf(entry: ModelEntry | null): number {
  const counted = entry?.metrics?.["epochs_completed"];
  if (isCount(counted)) return counted;
  const last = entry?.last_epoch ?? null;
  return last === null ? 0 : last + 1;
}

/** Where the model can tell, the configuration of a job that has ended is not read again. */
async function maxEpochs(
  folder: JobFolder,
  { spec, state, index }: ModelPlace,
  entry: ModelEntry | null,
): Promise<number | null> {
  const model = spec.models[index];
  if (model === undefined) return null;
  const { max_epochs } = overridesOf(model, spec);
  if (max_epochs !== undefined) return max_epochs;
  const trained = entry?.training_hyperparameters?.["max_epochs"];
  if (isCount(trained)) return trained;
  if (isFinalStatus(state.status) && entry !== null) return null;
  return configuredEpochs(await readTextOrNull(join(folder.path, model.config)), model);
}

function configuredEpochs(text: string | null, model: ModelSpec): number | null {
  if (text === null) return null;
  try {
    return readTrainConfig(text, model.config).withOverrides(model.script_overrides).maxEpochs;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
