/**
 * Asking something of a job, whoever runs it.
 *
 * @module
 */
import { ConflictError, NotAuthorisedError, NotFoundError, UsageError } from "../../lib/errors.ts";
import { isFolder } from "../../lib/files/file_info.ts";
import { FileLock, isLocked } from "../../lib/files/lock.ts";
import type { JobRequestKind } from "../../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { finishJob } from "./finish_job.ts";
import { isFinalStatus, type JobFolder, type JobState } from "../job_folder.ts";
import { lifeOf } from "../job_life.ts";
import { JobRecord } from "../record/job_record.ts";
import { changeRequest, type JobRequest } from "./job_request.ts";
import { recoverJob } from "../recovery.ts";

/**
 * Ask a job to stop, to finish its model early, or to cancel; on the disk when the promise resolves.
 * Its supervisor takes it from there, on this machine or on another one. A job that waits in the
 * queue is cancelled here and now.
 *
 * @throws {NotFoundError} when there is no such job
 * @throws {NotAuthorisedError} when it is another user's
 * @throws {ConflictError} when the job has ended, or what is asked makes no sense now
 * @throws {UsageError} when a job that predicts is to finish early: it has no early end
 */
export async function askOfJob(
  folder: JobFolder,
  registry: ModelRegistry,
  what: JobRequestKind,
): Promise<void> {
  if (!(await isFolder(folder.path))) throw new NotFoundError(`No job "${folder.jobId}" here`);
  if (what === "finish") await refuseIfPrediction(folder);
  if (await isDead(folder)) return await askDeadJob(folder, registry, what);
  await changeRequest(folder, async (request) => {
    const state = await folder.readState();
    // Asked twice, or again since the answer was lost.
    if (what === "cancel" && state.status === "cancelled") return request;
    await check(folder, state, request, what);
    return what === "finish" ? withFinish(request, trainingModel(state)) : withEnd(request, what);
  });
  if (what === "cancel") await cancelIfQueued(folder, registry);
}

async function refuseIfPrediction(folder: JobFolder): Promise<void> {
  // What cannot be read is told of where it is needed.
  const spec = await folder.readSpec().catch(() => null);
  if (spec?.type !== "track") return;
  const { jobId } = folder;
  throw new UsageError(`Cannot finish job ${jobId} early: it predicts, and trains no model`, {
    hint: `Stop it, without predictions: sleap-rtc jobs stop ${jobId}`,
  });
}

async function isDead(folder: JobFolder): Promise<boolean> {
  try {
    return await lifeOf(folder) === "dead";
  } catch (cause) {
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw cause;
    throw new NotAuthorisedError(`Job ${folder.jobId} is another user's: "${folder.path}"`, {
      cause,
    });
  }
}

/** Its supervisor can obey no more: it is booked with what was asked, which is then how it ended. */
async function askDeadJob(
  folder: JobFolder,
  registry: ModelRegistry,
  what: JobRequestKind,
): Promise<void> {
  const { jobId } = folder;
  if (what !== "finish") await changeRequest(folder, (request) => withEnd(request, what));
  const status = await recoverJob(folder, registry);
  if (what === "cancel" && (status === null || status === "cancelled")) return;
  throw new ConflictError(
    status === null
      ? `Job ${jobId} has no supervisor; another process books it just now`
      : `Job ${jobId} had no supervisor any more: it was booked as ${status}`,
    { hint: "See its models: sleap-rtc list-models" },
  );
}

async function check(
  folder: JobFolder,
  state: JobState,
  { end }: JobRequest,
  what: JobRequestKind,
): Promise<void> {
  const { jobId } = folder;
  if (isFinalStatus(state.status)) {
    throw new ConflictError(`Job ${jobId} has ended: ${state.status}`);
  }
  if (what === "cancel") return;
  if (end !== null && end.what !== what) {
    const asked = end.what === "cancel" ? "cancelled" : "stopped";
    throw new ConflictError(`Cannot ${what} job ${jobId}: it is being ${asked} already`);
  }
  if (state.status === "queued" && !(await isLocked(folder.lockPath))) {
    throw new ConflictError(`Cannot ${what} job ${jobId}: it has not begun`, {
      hint: `Cancel it: sleap-rtc jobs cancel ${jobId}`,
    });
  }
  if (what === "finish" && trainingModel(state) === null) {
    throw new ConflictError(`Cannot finish job ${jobId} early: none of its models trains now`, {
      hint: `Try again when one does, or stop the job: sleap-rtc jobs stop ${jobId}`,
    });
  }
}

function withEnd(request: JobRequest, what: "stop" | "cancel"): JobRequest {
  if (request.end?.what === what || request.end?.what === "cancel") return request;
  return { ...request, end: { what, asked_at: new Date().toISOString() } };
}

function withFinish(request: JobRequest, model: number | null): JobRequest {
  if (model === null || request.finish?.model === model) return request;
  return { ...request, finish: { model, asked_at: new Date().toISOString() } };
}

/** The model whose trainer is at work; null: none is. */
function trainingModel({ models, trainer }: JobState): number | null {
  if (trainer === null || models[trainer.model]?.status !== "training") return null;
  return trainer.model;
}

/** Where a supervisor holds the lock, it has the request before it and obeys. */
async function cancelIfQueued(folder: JobFolder, registry: ModelRegistry): Promise<void> {
  using lock = await FileLock.tryAcquire(folder.lockPath);
  if (lock === null) return;
  const state = await folder.readState();
  if (state.status !== "queued") return;
  const record = await JobRecord.open(folder, registry, state);
  try {
    await record.record({ type: "requested", what: "cancel" });
    await finishJob(record, { status: "cancelled", error: null });
  } finally {
    await record.close();
  }
}
