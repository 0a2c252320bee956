import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { modelTitle } from "../lib/client/model_description.ts";
import { toJson } from "../lib/client/model_status.ts";
import { findJoinedRoom } from "../lib/credentials.ts";
import { ConflictError, NotFoundError, UsageError } from "../lib/errors.ts";
import { checkAlias } from "../lib/registry/alias_rules.ts";
import { takenText } from "../lib/registry/aliases.ts";
import type { LocatedModel } from "../lib/registry/located_model.ts";
import { confirm } from "../lib/terminal/input.ts";
import { isStderrTerminal, writeStdout } from "../lib/terminal/output.ts";
import { locateModel } from "../worker/view/locate_models.ts";
import { asksWorkers } from "./shared/asks_workers.ts";
import { openForReading } from "./shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  MODEL_ARGUMENT,
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "./shared/options.ts";

/** `tag-model`: give a model a name, or take it away. */
export function command(): CommandUnknownOpts {
  return new Command("tag-model")
    .summary("give a model a name")
    .description(
      "Give a model a name (alias), which every command then takes in place of its ID. A model has " +
        "at most one: a new one replaces it.",
    )
    .argument("<model>", MODEL_ARGUMENT)
    .option("--alias <name>", "1 to 64 letters, numbers, dashes and underscores")
    .option("--remove-alias", "take its name away; the model stays")
    .option("--force", "with --alias: take the name from the model that has it")
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends PlaceOptions, FormatOptions {
  alias?: string | undefined;
  removeAlias?: true | undefined;
  force?: true | undefined;
}

/** Where the model is: a registry of this machine, or the workers of a room. */
interface Place {
  /** @param worker ID of the worker to ask; undefined: whichever has it */
  find(name: string, worker?: string): Promise<LocatedModel>;
  tag(model: LocatedModel, alias: string | null, force: boolean): Promise<LocatedModel>;
}

async function run(name: string, options: Options): Promise<void> {
  const alias = aliasOf(options);
  const place = asksWorkers(options) ? await onWorkers(options) : await here(options);
  const model = await place.find(name);
  const isForced = options.force === true ||
    (alias !== null && await mayOverwrite(place, model, alias));
  const tagged = await place.tag(model, alias, isForced);
  writeStdout(
    isJson(options)
      ? `${JSON.stringify(toJson(tagged), null, 2)}\n`
      : `${modelTitle(tagged.entry)}\n`,
  );
}

/** The new alias; null: the model is to have none. */
function aliasOf({ alias, removeAlias, force }: Options): string | null {
  if ((alias === undefined) === (removeAlias === undefined)) {
    throw new UsageError(
      alias === undefined
        ? "Nothing to change: neither --alias nor --remove-alias is given"
        : "--alias does not go together with --remove-alias",
      { hint: "Name a model with --alias NAME, or take its name away with --remove-alias." },
    );
  }
  if (alias !== undefined) {
    checkAlias(alias);
    return alias;
  }
  if (!force) return null;
  throw new UsageError("--force does not go together with --remove-alias", {
    hint: "Taking a name away needs no force.",
  });
}

/** On a terminal a name that is taken is a question; elsewhere it is an error, later. */
async function mayOverwrite(place: Place, model: LocatedModel, alias: string): Promise<boolean> {
  if (!Deno.stdin.isTerminal() || !isStderrTerminal()) return false;
  const holder = await holderOf(place, model, alias);
  if (holder === null) return false;
  const held = takenText(alias, holder.entry);
  if (await confirm(`${held}\nOverwrite existing alias?`)) return true;
  throw new ConflictError(`${held}: nothing is changed`);
}

/** Another model that has the alias. */
async function holderOf(
  place: Place,
  { entry, location }: LocatedModel,
  alias: string,
): Promise<LocatedModel | null> {
  try {
    const holder = await place.find(alias, location.worker);
    return holder.entry.alias === alias && holder.entry.id !== entry.id ? holder : null;
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}

async function here(options: Options): Promise<Place> {
  const registry = await openForReading(options.registry);
  const find = async (name: string) => await locateModel(registry, await registry.resolve(name));
  return {
    find,
    async tag({ entry: { id } }, alias, force) {
      if (alias === null) await registry.removeAlias(id);
      else await registry.setAlias(id, alias, { force });
      return await find(id);
    },
  };
}

async function onWorkers(options: Options): Promise<Place> {
  const { findRemoteModel, tagRemoteModel } = await import("../lib/client/remote_models.ts");
  const room = await findJoinedRoom(options.room);
  return {
    async find(name, worker = options.worker) {
      return (await findRemoteModel(room, worker, name)).located;
    },
    tag: (model, alias, force) => tagRemoteModel(room, model, { alias, force }),
  };
}
