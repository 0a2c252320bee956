/**
 * Taking up again what a crash, a power cut or a shutdown has interrupted, without being asked.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import type { TrainRequest } from "../../lib/training/train_request.ts";
import type { JobQueue } from "../queue.ts";
import { resumeRequest } from "./resume_request.ts";

const log = logger("recovery");
/** Any other end was somebody's wish. */
const BY_ACCIDENT = new Set(["crash", "power", "shutdown"]);

/**
 * Queue a resume of every model that a crash, a power cut or a shutdown has interrupted and that
 * has a checkpoint. A model whose last attempt finished no epoch is left alone: the next one would not
 * either. Doing it again queues nothing twice.
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
  { id, attempts }: ModelEntry,
  queue: JobQueue,
  request: (id: string, key: string) => Promise<TrainRequest>,
): Promise<void> {
  const key = `resume-${id}-${attempts?.length ?? 0}`;
  const known = await queue.findByKey(key);
  if (known !== null) return log.info(`model ${id} was queued before, as job ${known}`);
  const job = await request(id, key);
  job.warnings.forEach((warning) => log.warn(warning));
  log.info(`model ${id} is resumed by job ${await queue.submit(job)}`);
}

/** The epoch that an attempt ended with may be the one that it began with. */
function hasProgressed({ attempts }: ModelEntry): boolean {
  const attempt = attempts?.at(-1);
  if (attempt === undefined) return true;
  const { last_epoch, started_from } = attempt;
  if (typeof last_epoch !== "number") return false;
  return last_epoch > (started_from?.epoch ?? -1);
}
