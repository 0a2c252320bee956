/**
 * Models that workers hold.
 *
 * @module
 */
import * as v from "valibot";
import type { JoinedRoom } from "../credentials.ts";
import { NotFoundError, SleapRtcError } from "../errors.ts";
import { logger } from "../log.ts";
import {
  type LossPoint,
  ModelPageSchema,
  type RemoteModel,
  RemoteModelSchema,
  WORKER_METHODS,
} from "../protocol/worker_calls.ts";
import { ModelEntrySchema } from "../registry/entry.ts";
import type { LocatedModel } from "../registry/located_model.ts";
import { typedCommand } from "../terminal/typed_command.ts";
import { askWorkers } from "./ask_workers.ts";
import { nameOf, type WorkerPeer } from "./worker_peers.ts";

const log = logger("client");

/** A model of a worker. */
export interface FoundModel {
  located: LocatedModel;
  /** Paths in the entry, as stored, whose file is not there. */
  missingFiles: ReadonlySet<string>;
  /** Losses over all attempts; undefined: not asked for, or not known there. */
  lossCurve?: readonly LossPoint[] | undefined;
}

/** Options of {@linkcode findRemoteModel}. */
export interface FindModelOptions {
  /** Ask for its losses, too. @default {false} */
  curve?: boolean;
}

/** Which models are wanted. */
export interface ModelFilters {
  status?: string | undefined;
  modelType?: string | undefined;
}

/**
 * The models of a room's workers, or of one of them. A worker that cannot be asked is a warning in
 * the log, unless none can.
 *
 * @param wanted name or peer ID of a worker; undefined: all
 * @throws {NotFoundError} when there is no such worker
 */
export async function listRemoteModels(
  room: JoinedRoom,
  wanted: string | undefined,
  filters: ModelFilters,
): Promise<LocatedModel[]> {
  const params = {
    ...(filters.status === undefined ? {} : { status: filters.status }),
    ...(filters.modelType === undefined ? {} : { model_type: filters.modelType }),
  };
  const answers = await askWorkers(room, wanted, async (link, peer) => {
    const models: FoundModel[] = [];
    for (let from: number | null = 0; from !== null;) {
      const page: v.InferOutput<typeof ModelPageSchema> = await link.call(
        WORKER_METHODS.listModels,
        { ...params, from },
        ModelPageSchema,
      );
      models.push(...page.models.flatMap((model) => readRemoteModel(model, peer) ?? []));
      // A worker that does not get on would be asked for ever.
      from = page.next !== null && page.next > from ? page.next : null;
    }
    return models;
  });
  return answers.flat().map(({ located }) => located);
}

/**
 * The model that a person means, on a room's workers or one of them.
 *
 * @param name its ID, its alias, or a prefix of its ID
 * @throws {NotFoundError} when no worker has it, or several have
 */
export async function findRemoteModel(
  room: JoinedRoom,
  wanted: string | undefined,
  name: string,
  options: FindModelOptions = {},
): Promise<FoundModel> {
  const missing: NotFoundError[] = [];
  const answers = await askWorkers(room, wanted, async (link, peer) => {
    try {
      const model = await link.call(
        WORKER_METHODS.getModel,
        { name, ...options },
        RemoteModelSchema,
      );
      return readRemoteModel(model, peer);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing.push(error);
      return null;
    }
  });
  const found = answers.filter((model) => model !== null);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first === undefined) {
    throw new NotFoundError(
      answers.length === 1 && missing[0] !== undefined
        ? missing[0].message
        : `No worker in room "${room.room_id}" has a model "${name}"`,
      { hint: nearHint(missing) ?? `All models of the room: ${listOf(room)}` },
    );
  }
  const places = found.map(({ located }) => `${located.entry.id} on ${located.location.worker}`);
  throw new NotFoundError(`Several workers have a model "${name}"`, {
    hint: `Name one with --worker: ${places.join(", ")}`,
  });
}

/**
 * Give a model of a worker up; see `ModelRegistry.abandon`.
 *
 * @param name its ID, its alias, or a prefix of its ID
 * @returns the model afterwards
 * @throws {NotFoundError} when no worker has it, or several have
 * @throws {ConflictError} while it is trained, or when it is completed
 */
export async function abandonRemoteModel(
  room: JoinedRoom,
  wanted: string | undefined,
  name: string,
): Promise<LocatedModel> {
  const { entry: { id }, location: { worker } } =
    (await findRemoteModel(room, wanted, name)).located;
  return await changeModel(room, worker, WORKER_METHODS.abandonModel, { name: id });
}

/** How a model of a worker is to be called. */
export interface RemoteAlias {
  /** Null: it is to have no alias. */
  alias: string | null;
  /** Take it from the model that has it. */
  force: boolean;
}

/**
 * Give a model of a worker an alias, or take it away; see `ModelRegistry.setAlias`.
 *
 * @param model as {@linkcode findRemoteModel} gives it
 * @returns the model afterwards
 * @throws {ConflictError} when another model of that worker has the alias, without `force`
 */
export async function tagRemoteModel(
  room: JoinedRoom,
  { entry: { id }, location: { worker } }: LocatedModel,
  { alias, force }: RemoteAlias,
): Promise<LocatedModel> {
  const change = alias === null ? { remove_alias: true } : { alias, force };
  return await changeModel(room, worker, WORKER_METHODS.tagModel, { name: id, ...change });
}

/** Call a worker with a change of a model that it has, and takes by its ID. */
async function changeModel(
  room: JoinedRoom,
  worker: string | undefined,
  method: string,
  params: { name: string } & Record<string, unknown>,
): Promise<LocatedModel> {
  const [model] = await askWorkers(room, worker, async (link, peer) => {
    return readRemoteModel(await link.call(method, params, RemoteModelSchema), peer);
  });
  if (model) return model.located;
  throw new SleapRtcError(`Worker "${worker}" does not show model ${params.name} any more`);
}

/** What a worker says of names that are near; what else it says means its own machine. */
function nearHint(errors: readonly NotFoundError[]): string | undefined {
  return errors.map(({ hint }) => hint).find((hint) =>
    /^(?:Did you mean|Name one of)/.test(hint ?? "")
  );
}

function listOf(room: JoinedRoom): string {
  return typedCommand(["list-models", "--room", room.room_id]);
}

/** A worker's answer, checked; null for an entry that is none. */
export function readRemoteModel(model: RemoteModel, peer: WorkerPeer): FoundModel | null {
  const entry = v.safeParse(ModelEntrySchema, model.entry);
  if (!entry.success) {
    log.warn(`worker "${nameOf(peer)}" has an entry that cannot be read`);
    return null;
  }
  return {
    located: {
      entry: entry.output,
      checkpointExists: model.checkpoint_exists,
      supervised: model.supervised,
      location: { ...model.location, worker: peer.peerId },
    },
    missingFiles: new Set(model.missing_files),
    lossCurve: model.loss_curve,
  };
}
