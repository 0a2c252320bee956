import { ConflictError, NotFoundError } from "../errors.ts";
import { RemoteModelSchema, WORKER_METHODS } from "../protocol/worker_calls.ts";
import { takenText } from "../registry/aliases.ts";
import { readRemoteModel } from "./remote_models.ts";
import type { RemoteWorker } from "./remote_worker.ts";

/**
 * Check, before anything is sent, that a new model of a worker can have an alias. The worker checks
 * it again when it takes the training.
 *
 * @throws {ConflictError} when a model of the worker has it
 */
export async function checkRemoteAlias(worker: RemoteWorker, alias: string): Promise<void> {
  const holder = await namedModel(worker, alias);
  if (holder?.alias !== alias) return;
  throw new ConflictError(`${takenText(alias, holder)} of the worker`, {
    hint: "Choose another, or move it when the model is there: " +
      "sleap-rtc tag-model MODEL --alias NAME --force --worker WORKER",
  });
}

async function namedModel(worker: RemoteWorker, name: string) {
  try {
    const model = await worker.ask(WORKER_METHODS.getModel, { name }, RemoteModelSchema);
    return readRemoteModel(model, worker.peer)?.located.entry ?? null;
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}
