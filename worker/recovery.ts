/**
 * Jobs whose supervisor is gone: end the trainer, book what happened.
 *
 * @module
 */
import { join } from "node:path";
import { ConflictError, messageOf } from "../lib/errors.ts";
import { isLocked } from "../lib/files/lock.ts";
import { logger } from "../lib/log.ts";
import type { FinalJobStatus, JobEvent, ModelOutcome } from "../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../lib/registry.ts";
import { modelFolder } from "../lib/registry/model_folder.ts";
import { readEvents } from "./job_events.ts";
import { isFinalStatus, JobFolder, type Trainer } from "./job_folder.ts";
import { JobRecord } from "./job_record.ts";
import { endProcessGroup, isAlive, isOfThisBoot } from "./host/process_identity.ts";
import { notStarted, outcomeOf } from "./trainer/outcome.ts";
import { removeScratch } from "./trainer/scratch.ts";

const log = logger("recovery");
/** sleap-nn acts on SIGTERM after the running batch. */
const TRAINER_GRACE_MS = 5_000;
const SUPERVISOR_GONE = "The supervisor of the job ended before the training did";

/** A job that was booked because its supervisor was gone. */
export interface RecoveredJob {
  jobId: string;
  status: FinalJobStatus;
}

/**
 * Book every dead job of a root: one that is `running` while nobody holds its lock, or `queued`
 * while whoever was to start it is gone.
 *
 * @returns the jobs that were booked now
 */
export async function recoverJobs(registry: ModelRegistry): Promise<RecoveredJob[]> {
  const recovered: RecoveredJob[] = [];
  await JobFolder.removeUnfinished(registry.root);
  for (const folder of await JobFolder.list(registry.root)) {
    try {
      if (!(await isDead(folder))) continue;
      const status = await recoverJob(folder, registry);
      if (status !== null) recovered.push({ jobId: folder.jobId, status });
    } catch (error) {
      log.error(`cannot recover job ${folder.jobId}: ${messageOf(error)}`);
    }
  }
  return recovered;
}

/**
 * Book one job whose supervisor is gone.
 *
 * @returns how it ended; null while its lock is held after all
 */
export async function recoverJob(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<FinalJobStatus | null> {
  const lock = await folder.lock()
    .catch((error) => {
      if (error instanceof ConflictError) return null;
      throw error;
    });
  if (lock === null) return null;
  try {
    return await bookDeadJob(folder, registry);
  } finally {
    lock.release();
  }
}

/** Is the job unfinished, and nobody there to finish it? */
export async function isDead(folder: JobFolder): Promise<boolean> {
  // The state after the lock: a job that has just ended is not dead.
  if (await isLocked(folder.lockPath)) return false;
  const { status, starter } = await folder.readState();
  if (isFinalStatus(status)) return false;
  return status === "running" || starter === null || !(await isAlive(starter));
}

/**
 * End the trainer of a dead job, await its process group, and book what happened: everything that
 * its events say, and for the model in training what is on the disk.
 *
 * The caller holds the job's lock. May be repeated after a crash of its own.
 */
export async function bookDeadJob(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<FinalJobStatus> {
  const record = await JobRecord.open(folder, registry);
  try {
    const { status, supervisor } = record.state;
    if (isFinalStatus(status)) return status;
    const reason = supervisor === null || await isOfThisBoot(supervisor) ? "crash" : "power";
    const ended = await bookUnfinished(record, reason, SUPERVISOR_GONE);
    log.warn(`job ${folder.jobId}: the supervisor was gone; booked as ${ended}`);
    return ended;
  } finally {
    await record.close();
  }
}

/**
 * Bring a job to its end from wherever it is: no model of it stays in training.
 *
 * @param reason why what did not complete did not
 * @param error what to say of it where the disk tells nothing
 */
export async function bookUnfinished(
  record: JobRecord,
  reason: string,
  error: string,
): Promise<FinalJobStatus> {
  const { trainer } = record.state;
  record.useReserve();
  if (trainer !== null) await endProcessGroup(trainer, TRAINER_GRACE_MS);
  await adoptModels(record);
  const events = await record.bookAgain();
  const ended = await finishModels(record, events, { reason, error });
  return ended.status;
}

/** A model may have been registered without the job's state or its events saying so. */
async function adoptModels(record: JobRecord): Promise<void> {
  const { job_id } = record.spec;
  const entries = (await record.registry.list()).filter((entry) => entry.job_id === job_id);
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

/** Why what did not complete did not. */
interface Why {
  reason: string;
  error: string;
}

interface JobEnd {
  status: FinalJobStatus;
  error: string | null;
}

async function finishModels(
  record: JobRecord,
  events: readonly JobEvent[],
  why: Why,
): Promise<JobEnd> {
  const written = events.find((event) => event.type === "job_finished");
  const outcomes = new Map(
    events.flatMap((event) =>
      event.type === "model_finished" ? [[event.model, event.outcome] as const] : []
    ),
  );
  for (const [model, { model_id }] of record.state.models.entries()) {
    if (model_id === null) continue;
    const known = outcomes.get(model);
    const outcome = known ?? await judgeModel(record, model, model_id, why);
    if (known === undefined) {
      await record.modelFinished(model, model_id, outcome);
      outcomes.set(model, outcome);
    }
    await record.setModel(model, { status: outcome.status });
  }
  const end = written ?? endOf([...outcomes.values()], record.spec.models.length, why.error);
  if (written === undefined) await record.finish(end.status, end.error);
  else await record.writeEnd(end.status, end.error);
  return end;
}

/** The first model that did not complete gives the job its state. */
function endOf(outcomes: readonly ModelOutcome[], models: number, error: string): JobEnd {
  const bad = outcomes.find((outcome) => outcome.status !== "completed");
  if (bad !== undefined) {
    return { status: bad.status === "failed" ? "failed" : "interrupted", error: bad.error };
  }
  if (outcomes.length === models) return { status: "succeeded", error: null };
  return { status: outcomes.length > 0 ? "interrupted" : "failed", error };
}

async function judgeModel(
  record: JobRecord,
  model: number,
  modelId: string,
  { reason, error }: Why,
): Promise<ModelOutcome> {
  const { folder, spec, state, registry } = record;
  const { trainer } = state;
  const modelType = spec.models[model]?.model_type;
  if (trainer?.model !== model || modelType === undefined) {
    return notStarted(error, reason);
  }
  const runFolder = join(folder.root, modelFolder(modelType, modelId));
  await removeScratch(runFolder, folder.jobId);
  const outcome = await outcomeOf({
    exitCode: null,
    reason,
    durationSeconds: await secondsUntilLastOutput(folder, trainer),
    runFolder,
    logPath: folder.logPath,
    logOffset: trainer.log_offset,
  }, registry);
  return outcome.status === "completed" || outcome.error !== null ? outcome : { ...outcome, error };
}

/** Nobody was there to see the end: the trainer's last line is the best that is known of it. */
async function secondsUntilLastOutput(folder: JobFolder, trainer: Trainer): Promise<number> {
  const info = await Deno.stat(folder.logPath).catch(() => null);
  return Math.max(0, ((info?.mtime?.getTime() ?? 0) - Date.parse(trainer.started_at)) / 1000);
}
