/**
 * What a worker says at its start of the jobs and models that it finds.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { JobResult } from "../job_folder.ts";
import type { FoundJob } from "../recovery.ts";

const log = logger("recovery");
/** Models that one line names. */
const MAX_NAMED = 5;

/** One line a job that had not ended, the interrupted models, and how well resumes went. */
export async function reportRecovery(
  found: readonly FoundJob[],
  registry: ModelRegistry,
): Promise<void> {
  for (const job of found) {
    if (job.booked !== null) log.warn(await bookedLine(job, registry));
    else if (job.life === "alive") log.info(`job ${job.folder.jobId} runs: it is adopted`);
    else if (job.life === "waiting") log.info(`job ${job.folder.jobId} waits in the queue`);
  }
  for (const model of await resumableModels(registry)) {
    log.info(`${interruptedText(model)}; ${resumeText(model)}`);
  }
  for (const model of await modelsWithoutCheckpoint(registry)) log.warn(goneText(model));
  const { resumed = 0, recovered = 0 } = await registry.stats();
  if (resumed === 0) return;
  const percent = Math.round(100 * recovered / resumed);
  log.info(`resumed trainings that were completed: ${recovered} of ${resumed} (${percent} %)`);
}

/** What was said last, for each registry. */
const said = new WeakMap<ModelRegistry, string>();

/** The models that can be resumed, in one line (CR29); nothing where they are as last time. */
export async function sayInterrupted(registry: ModelRegistry): Promise<void> {
  try {
    const ids = (await resumableModels(registry)).map(({ id }) => id);
    const text = ids.join(", ");
    const isNew = text !== (said.get(registry) ?? "");
    said.set(registry, text);
    if (ids.length === 0 || !isNew) return;
    const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : "";
    const named = `${ids.slice(0, MAX_NAMED).join(", ")}${more}`;
    log.info(`interrupted, to be resumed with sleap-rtc train --resume ID: ${named}`);
  } catch (error) {
    log.warn(`cannot look for interrupted models: ${messageOf(error)}`);
  }
}

/** Interrupted models whose checkpoint is not there any more: nobody can go on with them. */
async function modelsWithoutCheckpoint(registry: ModelRegistry): Promise<ModelEntry[]> {
  const interrupted = await registry.list({ status: "interrupted" });
  const isThere = await Promise.all(interrupted.map((entry) => registry.checkpointExists(entry)));
  return interrupted.filter(({ running }, index) => !running && !isThere[index]);
}

function goneText(model: ModelEntry): string {
  return `${interruptedText(model)}, but its checkpoint "${
    model.checkpoint_path ?? ""
  }" is gone; ` +
    `begin it again: ${typedCommand(["train", "--resume", model.id, "--restart"])}`;
}

async function resumableModels(registry: ModelRegistry): Promise<ModelEntry[]> {
  return (await registry.getInterrupted()).filter(({ running }) => !running);
}

async function bookedLine(
  { folder, life, booked }: FoundJob,
  registry: ModelRegistry,
): Promise<string> {
  const { jobId } = folder;
  if (life === "ended") return `job ${jobId} had ended meanwhile: booked as ${booked}`;
  const models = (await registry.list()).filter(({ job_id }) => job_id === jobId);
  const interrupted = models.filter(({ status }) => status === "interrupted");
  const details = interrupted.map((model) => `${interruptedText(model)}; ${resumeText(model)}`);
  const result = await folder.readResult().catch(() => null);
  const text = betweenText(models, result) ?? result?.error ?? null;
  const why = details.length > 0 ? details.join("; ") : text;
  const end = `job ${jobId} had lost its supervisor: booked as ${booked}`;
  return why === null ? end : `${end}: ${why}`;
}

/** A job that ended between its models left none that is interrupted: a completed one leads on. */
function betweenText(models: readonly ModelEntry[], result: JobResult | null): string | null {
  const completed = models.find(({ status }) => status === "completed");
  const waiting = result?.models.filter(({ status }) => status === "pending").length ?? 0;
  const isBetween = waiting > 0 && models.every(({ status }) => status === "completed");
  if (completed === undefined || !isBetween) return null;
  const what = waiting === 1 ? "a model was not begun" : `${waiting} models were not begun`;
  return `${what}; train ${waiting === 1 ? "it" : "them"}: ` +
    `sleap-rtc train --resume ${completed.id}`;
}

function interruptedText({ id, model_type, last_epoch, reason }: ModelEntry): string {
  const epochs = typeof last_epoch === "number" ? ` after epoch ${last_epoch + 1}` : "";
  return `${model_type ?? "model"} ${id} is interrupted${epochs}${reason ? ` (${reason})` : ""}`;
}

function resumeText({ id }: ModelEntry): string {
  return `resume it: sleap-rtc train --resume ${id}`;
}
