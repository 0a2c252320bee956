/**
 * Answering clients who want to know what they would predict with.
 *
 * @module
 */
import {
  ChooseModelsSchema,
  type ChosenModels,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import { chooseSubmitted } from "../submission/prediction_submission.ts";
import type { WorkerContext } from "../worker_context.ts";

/** The calls, by method. */
export function predictionHandlers(
  context: WorkerContext,
): Record<string, (params: unknown) => Promise<unknown>> {
  // One at a time, however often a client asks: each hashes checkpoints.
  let chosen: Promise<unknown> = Promise.resolve();
  return {
    [WORKER_METHODS.chooseModels]: async (params: unknown): Promise<ChosenModels> => {
      const choice = readMessage(ChooseModelsSchema, params, WORKER_METHODS.chooseModels);
      const models = chosen.then(() => chooseSubmitted(choice, context));
      chosen = models.catch(() => {});
      return await models;
    },
  };
}
