/**
 * The state of a job whose `state.json` is lost or damaged, out of what is left of it.
 *
 * @module
 */
import { ConflictError, NotFoundError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { readEvents } from "../job_events.ts";
import { type JobFolder, type JobState, NewerJobError } from "../job_folder.ts";

const log = logger("recovery");

/**
 * The state of a job; where the file is no use, it is kept under another name and written anew from
 * the job's description, its events and the registry. The caller holds the job's lock.
 *
 * @throws {NewerJobError} when a newer program wrote it
 */
export async function readOrSalvageState(
  folder: JobFolder,
  registry: ModelRegistry,
): Promise<JobState> {
  await folder.setFoldersAside();
  try {
    return await folder.readState();
  } catch (error) {
    if (error instanceof NewerJobError || !isNoUse(error)) throw error;
    log.warn(`${error.message}: it is written anew from what is left of the job`);
    const state = await salvage(folder, registry);
    await folder.setAside(folder.statePath);
    await folder.writeState(state);
    return state;
  }
}

async function salvage(folder: JobFolder, registry: ModelRegistry): Promise<JobState> {
  const events = await readEvents(folder.eventsPath);
  const entries = (await registry.list()).filter((entry) => entry.job_id === folder.jobId);
  const result = await orNull(folder.readResult());
  const spec = await orNull(folder.readTrainSpec());
  const count = Math.max(
    spec?.models.length ?? 0,
    ...entries.map(({ model_index }) => (model_index ?? -1) + 1),
    ...events.map((event) => "model" in event ? (event.model ?? -1) + 1 : 0),
  );
  return {
    version: 1,
    job_id: folder.jobId,
    status: result?.status ?? "running",
    updated_at: new Date().toISOString(),
    starter: null,
    supervisor: null,
    trainer: trainerOf(events),
    models: Array.from({ length: count }, (_, model) => modelOf(model, entries, events)),
  };
}

type ModelState = JobState["models"][number];

function modelOf(
  model: number,
  entries: readonly ModelEntry[],
  events: readonly JobEvent[],
): ModelState {
  const entry = entries.find(({ model_index }) => model_index === model);
  const registered = events.find((event) =>
    event.type === "model_registered" && event.model === model
  );
  const id = entry?.id ?? (registered?.type === "model_registered" ? registered.model_id : null);
  return { model_id: id, status: id === null ? "pending" : "training" };
}

/** The trainer by its events; which process it was, only its mark can tell. */
function trainerOf(events: readonly JobEvent[]): JobState["trainer"] {
  const started = events.findLast((event) =>
    event.type === "trainer_started" || event.type === "predictor_started"
  );
  if (started?.type !== "trainer_started" && started?.type !== "predictor_started") return null;
  const place = started.type === "trainer_started" ? started : { model: 0, attempt: 1 };
  return {
    pid: started.pid,
    start_time: null,
    boot_id: null,
    pid_namespace: null,
    host: "unknown",
    model: place.model,
    attempt: place.attempt,
    started_at: started.time,
    log_offset: started.log_offset,
  };
}

function isNoUse(error: unknown): error is Error {
  return error instanceof NotFoundError || error instanceof ConflictError;
}

/** What a reading gives; null where the file is missing or damaged. */
export async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (isNoUse(error)) return null;
    throw error;
  }
}
