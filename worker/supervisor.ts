/**
 * The process that runs one job, from the registration of its models to their outcomes. It depends
 * on nothing but the disk and outlives whoever started it.
 *
 * @module
 */
import { hostname } from "node:os";
import { messageOf } from "../lib/errors.ts";
import { logger } from "../lib/log.ts";
import type { FinalJobStatus } from "../lib/protocol/job_events.ts";
import type { JobSpec, TrainSpec } from "../lib/protocol/job_spec.ts";
import type { TrackSpec } from "../lib/protocol/track_spec.ts";
import { ModelRegistry } from "../lib/registry.ts";
import { findSleapNn } from "../lib/sleap_nn/executable.ts";
import { VERSION } from "../lib/version.ts";
import { gpuInfo, gpuModel } from "./host/gpu.ts";
import { bookDeadJob, bookUnfinished } from "./recovery/book_job.ts";
import { endedUntouched, finishJob, type JobEnd } from "./requests/finish_job.ts";
import { isFinalStatus, type JobFolder } from "./job_folder.ts";
import { SIGN_OF_LIFE_MS } from "./job_life.ts";
import { JobRecord } from "./record/job_record.ts";
import { identifyProcess } from "./host/process_identity.ts";
import { RequestTeller } from "./requests/request_teller.ts";
import { type PresentWish, RequestWatch } from "./requests/request_watch.ts";
import { askedEnd } from "./trainer/requested_end.ts";
import { trainModel } from "./trainer/train_model.ts";

const log = logger("supervisor");

/**
 * Run a job to its end; does nothing for a job that has ended.
 *
 * @param folder the job's folder
 * @param stop aborted with the reason when the job must end now, e.g. because the machine shuts down
 * @returns how the job ended
 * @throws {NotFoundError} when there is no such job
 * @throws {ConflictError} when another supervisor holds the job's lock; names it
 */
export async function supervise(folder: JobFolder, stop: AbortSignal): Promise<FinalJobStatus> {
  const job = await folder.readSpec();
  using _lock = await folder.lock();
  const registry = await ModelRegistry.open(folder.root);
  const state = await folder.readState();
  if (isFinalStatus(state.status)) return state.status;
  // Killed between result and state: whoever cancelled it in the queue, or an earlier supervisor.
  const hasRun = state.status === "running" || await folder.readResult() !== null;
  if (hasRun) return await bookDeadJob(folder, registry);
  const record = await JobRecord.open(folder, registry, state);
  const requests = await RequestWatch.start(folder);
  const signs = setInterval(() => void folder.showLife().catch(() => {}), SIGN_OF_LIFE_MS);
  try {
    return await runJob(record, job, requests, stop);
  } finally {
    clearInterval(signs);
    await requests.close();
    await record.close();
  }
}

async function runJob(
  record: JobRecord,
  job: JobSpec,
  requests: RequestWatch,
  stop: AbortSignal,
): Promise<FinalJobStatus> {
  let teller: RequestTeller | null = null;
  try {
    await writeDownStart(record);
    teller = new RequestTeller(record, requests);
    const end = job.type === "train"
      ? await trainModels(record, job, requests, stop)
      : await predictWith(record, job, requests, stop);
    await teller.close();
    return await finishJob(record, end);
  } catch (error) {
    log.error(messageOf(error));
    await teller?.close();
    const reason = job.type === "train" ? "crash" : "failed";
    return await bookUnfinished(record, { reason, error: messageOf(error) });
  }
}

async function writeDownStart(record: JobRecord): Promise<void> {
  await record.setState({
    status: "running",
    starter: null,
    supervisor: await identifyProcess(Deno.pid),
  });
  await record.record({
    type: "job_started",
    supervisor_pid: Deno.pid,
    host: hostname(),
    version: VERSION,
  });
}

async function trainModels(
  record: JobRecord,
  job: TrainSpec,
  requests: RequestWatch,
  stop: AbortSignal,
): Promise<JobEnd> {
  const [trainer, gpus] = await Promise.all([findSleapNn(), gpuInfo()]);
  log.info(`trainer ${trainer.path} (${trainer.version ?? "version unknown"})`);
  const tools = { job, trainer, gpuModel: gpuModel(gpus), stop, requests };
  for (const [model, spec] of job.models.entries()) {
    await requests.look();
    const asked = askedEnd(wishForJob(requests.now, model), model, stop);
    if (asked !== null && asked.how !== "finish") {
      if (model === 0) return endedUntouched(asked.reason);
      const error = `The job was ended before ${spec.model_type} (${asked.reason})`;
      return { status: "interrupted", error };
    }
    const { status, error } = await trainModel(record, model, spec, tools);
    if (status !== "completed") return { status, error };
  }
  return { status: "succeeded", error: null };
}

/** Loaded when it is needed: a training has no use for it. */
async function predictWith(
  record: JobRecord,
  job: TrackSpec,
  requests: RequestWatch,
  stop: AbortSignal,
): Promise<JobEnd> {
  const { predict } = await import("./prediction/predict.ts");
  return await predict(record, job, { requests, stop });
}

/** The whole job is meant: a finish is of one model, and a lost watcher ends only what has begun. */
function wishForJob(wish: PresentWish, model: number): PresentWish {
  return { ...wish, finish: null, isLost: wish.isLost && model > 0 };
}
