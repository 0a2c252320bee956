/**
 * Answering clients who ask for the models of a worker.
 *
 * @module
 */
import { UsageError } from "../../lib/errors.ts";
import {
  GetModelSchema,
  ListModelsSchema,
  type ModelPage,
  type RemoteModel,
  TagModelSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry, ModelRegistry, ModelStatus } from "../../lib/registry.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import { refuseIfResumed } from "../resume/taken.ts";
import { findMissingFiles, locateModel } from "../view/locate_models.ts";
import { readLossCurve, thinned } from "../view/loss_curve.ts";

/** What one message holds for certain, in UTF-16 units: characters may take three bytes. */
const MAX_PAGE = 20_000;
/** Points of a loss curve, beside an entry in one message. */
const MAX_POINTS = 300;

/** The calls, by method. */
export function registryHandlers(
  registry: ModelRegistry,
): Record<string, (params: unknown) => Promise<unknown>> {
  return {
    [WORKER_METHODS.listModels]: (params: unknown) => listModels(registry, params),
    [WORKER_METHODS.getModel]: async (params: unknown) => {
      const { name, curve } = readMessage(GetModelSchema, params, WORKER_METHODS.getModel);
      const entry = await registry.resolve(name);
      const model = await remoteModel(registry, entry);
      if (!curve) return model;
      return { ...model, loss_curve: thinned(await readLossCurve(registry, entry), MAX_POINTS) };
    },
    [WORKER_METHODS.abandonModel]: async (params: unknown) => {
      const { name } = readMessage(GetModelSchema, params, WORKER_METHODS.abandonModel);
      const { id } = await registry.resolve(name);
      await refuseIfResumed(registry.root, id, "abandon");
      await registry.abandon(id);
      return await remoteModel(registry, await registry.resolve(id));
    },
    [WORKER_METHODS.tagModel]: (params: unknown) => tagModel(registry, params),
  };
}

async function tagModel(registry: ModelRegistry, params: unknown): Promise<RemoteModel> {
  const { name, alias, remove_alias, force } = readMessage(
    TagModelSchema,
    params,
    WORKER_METHODS.tagModel,
  );
  if ((alias === undefined) !== remove_alias) {
    throw new UsageError(`${WORKER_METHODS.tagModel} takes one of "alias" and "remove_alias"`);
  }
  const { id } = await registry.resolve(name);
  if (alias === undefined) await registry.removeAlias(id);
  else await registry.setAlias(id, alias, { force });
  return await remoteModel(registry, await registry.resolve(id));
}

async function listModels(registry: ModelRegistry, params: unknown): Promise<ModelPage> {
  const { status, model_type, from } = readMessage(
    ListModelsSchema,
    params,
    WORKER_METHODS.listModels,
  );
  const entries = await registry.list({
    ...(status === undefined ? {} : { status: status as ModelStatus }),
    ...(model_type === undefined ? {} : { modelType: model_type }),
  });
  const models: RemoteModel[] = [];
  let size = 0;
  for (const entry of entries.slice(from)) {
    const model = await remoteModel(registry, entry);
    size += JSON.stringify(model).length;
    if (models.length > 0 && size > MAX_PAGE) break;
    models.push(model);
  }
  const next = from + models.length;
  return { models, next: next < entries.length ? next : null };
}

async function remoteModel(registry: ModelRegistry, entry: ModelEntry): Promise<RemoteModel> {
  const { checkpointExists, supervised, location } = await locateModel(registry, entry);
  return {
    entry: { ...entry },
    checkpoint_exists: checkpointExists,
    supervised,
    location,
    missing_files: [...await findMissingFiles(registry, entry)],
  };
}
