/**
 * Answering clients who want to know what they would predict with.
 *
 * @module
 */
import { ConflictError, ConnectionError } from "../../lib/errors.ts";
import {
  ChooseModelsSchema,
  type ChosenModels,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import { chooseSubmitted } from "../submission/prediction_submission.ts";
import type { WorkerContext } from "../worker_context.ts";

/** Questions of one client that wait while one is answered. */
const MAX_WAITING = 8;
/** One at a time in each registry, whoever asks: each hashes checkpoints. */
const chosenIn = new WeakMap<ModelRegistry, Promise<unknown>>();

/**
 * The calls, by method.
 *
 * @param gone aborted when the client is gone: its questions are not answered any more
 */
export function predictionHandlers(
  context: WorkerContext,
  gone: AbortSignal,
): Record<string, (params: unknown) => Promise<unknown>> {
  const { registry } = context;
  let waiting = 0;
  return {
    [WORKER_METHODS.chooseModels]: async (params: unknown): Promise<ChosenModels> => {
      const choice = readMessage(ChooseModelsSchema, params, WORKER_METHODS.chooseModels);
      if (waiting >= MAX_WAITING) {
        throw new ConflictError("Too many models are asked for at once", {
          hint: "Wait for the answers.",
        });
      }
      waiting++;
      const models = (chosenIn.get(registry) ?? Promise.resolve()).then(async () => {
        if (gone.aborted) throw new ConnectionError("The client is gone");
        return await chooseSubmitted(choice, context);
      }).finally(() => waiting--);
      chosenIn.set(registry, models.catch(() => {}));
      return await models;
    },
  };
}
