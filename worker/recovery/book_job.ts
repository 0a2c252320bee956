/**
 * Bringing a job to its end whose supervisor cannot: the one rule of what is booked then.
 *
 * @module
 */
import { join } from "node:path";
import { ConflictError } from "../../lib/errors.ts";
import { modifiedAt, sizeOf } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { FinalJobStatus, JobEvent, ModelOutcome } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { TrainerLogScan } from "../../lib/sleap_nn/trainer_log.ts";
import { modelFolder } from "../../lib/registry/model_folder.ts";
import { endLostTrainer } from "../host/process_group.ts";
import { placeOf } from "../host/process_identity.ts";
import { readEvents } from "../job_events.ts";
import { endedUntouched, finishJob, type JobEnd } from "../requests/finish_job.ts";
import { isFinalStatus, type JobFolder, type JobState } from "../job_folder.ts";
import { hasLivingSupervisor } from "../job_life.ts";
import { JobRecord } from "../record/job_record.ts";
import { type JobRequest, readRequest } from "../requests/job_request.ts";
import { bookPrediction, isPrediction } from "./book_prediction.ts";
import { orNull, readOrSalvageState } from "./salvage.ts";
import { attemptFolder, nextAttempt } from "../attempts/attempts.ts";
import { outcomeOfModel } from "../attempts/model_outcome.ts";
import { notStarted, outcomeOf } from "../trainer/outcome.ts";
import { type AskedOfTraining, withRequest } from "../trainer/requested_outcome.ts";
import { removeScratch } from "../trainer/scratch.ts";

const log = logger("recovery");
/** sleap-nn acts on SIGTERM after the running batch. */
const TRAINER_GRACE_MS = 5_000;
const SUPERVISOR_GONE = "The supervisor of the job ended before the training did";
const RUN_FILES = ["training_log.csv", "best.ckpt", "last.ckpt"];

/**
 * End the trainer of a dead job, await its processes, and book what happened: everything that its
 * events say, and for the model in training what is on the disk.
 *
 * The caller holds the job's lock. May be repeated after a crash of its own, and for a job that has
 * ended: an older manifest that was put back knows nothing of that.
 *
 * @throws {NewerJobError} when a newer program wrote the job
 * @throws {ConflictError} when its supervisor lives: somebody has deleted the lock's file
 */
export async function bookDeadJob(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<FinalJobStatus> {
  const state = await readOrSalvageState(folder, registry);
  if (await hasLivingSupervisor(state)) {
    throw new ConflictError(
      `Job ${folder.jobId} has a supervisor: process ${state.supervisor?.pid}`,
      { hint: `Its lock "${folder.lockPath}" was deleted. Wait until the job has ended.` },
    );
  }
  const record = await JobRecord.open(folder, registry, state);
  try {
    if (isFinalStatus(state.status)) {
      await record.bookAgain();
      return state.status;
    }
    const why = { reason: await reasonOf(state), error: SUPERVISOR_GONE };
    const ended = await bookUnfinished(record, why);
    log.info(`job ${folder.jobId}: the supervisor was gone; booked as ${ended}`);
    return ended;
  } finally {
    await record.close();
  }
}

/** Why what did not complete did not. */
export interface Why {
  reason: string;
  /** What to say of it where the disk tells nothing. */
  error: string;
}

/** Bring a job to its end from wherever it is: no model of it stays in training. */
export async function bookUnfinished(record: JobRecord, why: Why): Promise<FinalJobStatus> {
  const { folder, state } = record;
  record.useReserve();
  await endLostTrainer({ jobFolder: folder.path, leader: state.trainer }, TRAINER_GRACE_MS);
  const spec = await orNull(folder.readSpec());
  const before = await readEvents(folder.eventsPath);
  if (isPrediction(spec, before)) return await bookPrediction(record, spec, before, why);
  await adoptModels(record);
  const events = await record.bookAgain();
  return await finishModels(record, events, why);
}

async function reasonOf({ supervisor }: JobState): Promise<string> {
  return supervisor !== null && await placeOf(supervisor) === "rebooted" ? "power" : "crash";
}

/** A model may have been registered without the job's state or its events saying so. */
async function adoptModels(record: JobRecord): Promise<void> {
  const { jobId } = record.folder;
  const entries = (await record.registry.list()).filter((entry) => entry.job_id === jobId);
  const events = await readEvents(record.folder.eventsPath);
  for (const { id, model_index: model, model_type } of entries) {
    if (typeof model !== "number" || !model_type) continue;
    if (record.modelId(model) === null) {
      await record.setModel(model, { model_id: id, status: "training" });
    }
    if (!events.some((event) => event.type === "model_registered" && event.model === model)) {
      await record.registered(model, id, model_type);
    }
  }
}

async function finishModels(
  record: JobRecord,
  events: readonly JobEvent[],
  why: Why,
): Promise<FinalJobStatus> {
  const written = events.find((event) => event.type === "job_finished");
  const outcomes = new Map(
    events.flatMap((event) =>
      event.type === "model_finished" ? [[event.model, event.outcome] as const] : []
    ),
  );
  const request = await readRequest(record.folder);
  for (const [model, { model_id }] of record.state.models.entries()) {
    if (model_id === null) continue;
    const known = outcomes.get(model);
    const outcome = known ?? withRequest(
      await judgeModel(record, model, model_id, why),
      await askedOf(record, model, events, request),
    );
    if (known === undefined) {
      await record.modelFinished(model, model_id, outcome);
      outcomes.set(model, outcome);
    }
    await record.setModel(model, { status: outcome.status });
  }
  if (written !== undefined) {
    await record.writeEnd(written.status, written.error);
    return written.status;
  }
  const count = record.state.models.length;
  const end = endOf([...outcomes.values()], count, why.error);
  const isUntouched = outcomes.size === 0 && request.end?.what === "stop";
  return await finishJob(record, isUntouched ? endedUntouched("stopped") : end);
}

/** Whether the trainer has taken the command to finish early, its log tells. */
async function askedOf(
  { folder, state: { trainer } }: JobRecord,
  model: number,
  events: readonly JobEvent[],
  { end, finish }: JobRequest,
): Promise<AskedOfTraining> {
  const started = events.findLast((event) =>
    event.type === "trainer_started" && event.model === model
  );
  const isMeant = finish?.model === model;
  const said = isMeant && trainer?.model === model
    ? await new TrainerLogScan({ path: folder.logPath, from: trainer.log_offset }).poll()
    : null;
  return {
    end: end?.what ?? null,
    finish: isMeant ? (said?.stopReceived ? "taken" : "asked") : null,
    maxEpochs: started?.type === "trainer_started" ? started.max_epochs : null,
  };
}

/** The first model that did not complete gives the job its state. */
function endOf(outcomes: readonly ModelOutcome[], models: number, error: string): JobEnd {
  const bad = outcomes.find((outcome) => outcome.status !== "completed");
  if (bad !== undefined) {
    return { status: bad.status === "failed" ? "failed" : "interrupted", error: bad.error };
  }
  if (outcomes.length === 0) return { status: "failed", error };
  if (outcomes.length === models) return { status: "succeeded", error: null };
  return { status: "interrupted", error };
}

async function judgeModel(
  record: JobRecord,
  model: number,
  modelId: string,
  why: Why,
): Promise<ModelOutcome> {
  const { folder, registry } = record;
  const entry = await registry.get(modelId);
  if (!entry?.model_type) return notStarted(why.error, why.reason);
  const ofModel = join(folder.root, modelFolder(entry.model_type, modelId));
  const attempt = attemptOf(record, model, entry);
  const latest = attempt ?? await nextAttempt(entry, ofModel) - 1;
  await removeScratch(attemptFolder(ofModel, latest), folder.jobId);
  const own = attempt === null
    ? notStarted(why.error, why.reason)
    : await judgeAttempt(record, model, entry, attemptFolder(ofModel, attempt), why);
  return await outcomeOfModel(own, { modelId, attempt }, registry);
}

/** The job's attempt at a model; null: its trainer never ran, what is there is of earlier ones. */
function attemptOf({ folder, state }: JobRecord, model: number, entry: ModelEntry): number | null {
  if (state.trainer?.model === model) return state.trainer.attempt;
  const known = entry.attempts ?? [];
  const own = known.findLast(({ job_id }) => job_id === folder.jobId);
  return own?.attempt ?? (known.length === 0 ? 1 : null);
}

async function judgeAttempt(
  { folder, registry, state }: JobRecord,
  model: number,
  entry: ModelEntry,
  runFolder: string,
  { reason, error }: Why,
): Promise<ModelOutcome> {
  const lastOutput = await lastOutputAt(folder, runFolder);
  const trainer = state.trainer?.model === model ? state.trainer : null;
  // Where nothing tells of a trainer, its last word counts for nothing, but its checkpoint counts.
  if (trainer === null && lastOutput.ofRun === 0) return notStarted(error, reason);
  const startedAt = Date.parse(trainer?.started_at ?? entry.created_at ?? "") || lastOutput.any;
  return await outcomeOf({
    exitCode: null,
    reason,
    durationSeconds: Math.max(0, (lastOutput.any - startedAt) / 1000),
    runFolder,
    logPath: folder.logPath,
    logOffset: trainer?.log_offset ?? await sizeOf(folder.logPath),
    unseenEnd: error,
  }, registry);
}

/** Nobody was there to see the end: the last thing that the trainer wrote is the best known of it. */
async function lastOutputAt(
  folder: JobFolder,
  runFolder: string,
): Promise<{ any: number; ofRun: number }> {
  const times = await Promise.all(RUN_FILES.map((name) => modifiedAt(join(runFolder, name))));
  const ofRun = Math.max(...times);
  return { ofRun, any: Math.max(ofRun, await modifiedAt(folder.logPath)) };
}
