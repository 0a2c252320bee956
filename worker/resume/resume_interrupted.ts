/**
 * Taking up again what a crash, a power cut or a shutdown has interrupted, without being asked.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import type { TrainRequest } from "../../lib/training/train_request.ts";
import { isFinalStatus, type JobFolder } from "../job_folder.ts";
import type { JobQueue } from "../queue.ts";
import { readRequest } from "../requests/job_request.ts";
import { resumeRequest } from "./resume_request.ts";

const log = logger("recovery");
/** Any other end was somebody's wish. */
const BY_ACCIDENT = new Set(["crash", "power", "shutdown"]);
/** So many jobs may end before they train a model: the next one would, too. */
const MAX_JOBS = 5;

/**
 * Queue a resume of every model that a crash, a power cut or a shutdown has interrupted and that
 * has a checkpoint. A model whose last attempt finished no epoch is left alone: the next one would not
 * either. Doing it again queues nothing twice, unless a job died before it could begin.
 *
 * @param request describes the job that resumes a model, under an idempotency key
 */
export async function resumeInterrupted(
  registry: ModelRegistry,
  queue: JobQueue,
  request: (id: string, key: string) => Promise<TrainRequest> = (id, idempotencyKey) =>
    resumeRequest(registry, id, { restart: false, idempotencyKey }),
): Promise<void> {
  for (const model of await registry.getInterrupted()) {
    if (model.running || !BY_ACCIDENT.has(model.reason ?? "")) continue;
    if (!hasProgressed(model)) {
      log.warn(`model ${model.id} is not resumed: its last attempt finished no epoch`);
      continue;
    }
    try {
      await resumeOne(model, queue, request);
    } catch (error) {
      log.warn(`model ${model.id} is not resumed: ${messageOf(error)}`);
    }
  }
}

async function resumeOne(
  model: ModelEntry,
  queue: JobQueue,
  request: (id: string, key: string) => Promise<TrainRequest>,
): Promise<void> {
  const { id, attempts } = model;
  const key = `resume-${id}-${attempts?.length ?? 0}`;
  for (let time = 1; time <= MAX_JOBS; time++) {
    const keyOfTime = time === 1 ? key : `${key}-${time}`;
    const known = await queue.findByKey(keyOfTime);
    if (known === null) return await submit(id, queue, await request(id, keyOfTime));
    if (await endedUntouched(await queue.find(known), model)) continue;
    return log.info(`model ${id} was queued before, as job ${known}`);
  }
  log.warn(`model ${id} is not resumed: ${MAX_JOBS} jobs ended before they trained it`);
}

async function submit(id: string, queue: JobQueue, job: TrainRequest): Promise<void> {
  job.warnings.forEach((warning) => log.warn(warning));
  log.info(`model ${id} is resumed by job ${await queue.submit(job)}`);
}

/** Has a job ended without an attempt at the model, and without anybody's wish? */
async function endedUntouched(folder: JobFolder, { attempts }: ModelEntry): Promise<boolean> {
  const { status } = await folder.readState();
  if (!isFinalStatus(status) || status === "cancelled") return false;
  const { end } = await readRequest(folder);
  return end === null && !attempts?.some(({ job_id }) => job_id === folder.jobId);
}

/** The epoch that an attempt ended with may be the one that it began with. */
function hasProgressed({ attempts }: ModelEntry): boolean {
  const attempt = attempts?.at(-1);
  if (attempt === undefined) return true;
  const { last_epoch, started_from } = attempt;
  if (typeof last_epoch !== "number") return false;
  return last_epoch > (started_from?.epoch ?? -1);
}
