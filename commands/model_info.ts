import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeModel } from "../lib/client/model_description.ts";
import type { FoundModel } from "../lib/client/remote_models.ts";
import { toJson } from "../lib/client/model_status.ts";
import { findJoinedRoom } from "../lib/credentials.ts";
import { ConflictError, UsageError } from "../lib/errors.ts";
import type { FileState, LocatedModel } from "../lib/registry/located_model.ts";
import { isUtf8Locale } from "../lib/terminal/locale.ts";
import { isStdoutColoured, stdoutColumns, writeStdout } from "../lib/terminal/output.ts";
import { findMissingFiles, locateModel } from "../worker/view/locate_models.ts";
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

/** Columns of a plot that goes into a file or a pipe. */
const USUAL_COLUMNS = 80;

/** `model-info`: everything that is known about a model. */
export function command(): CommandUnknownOpts {
  return new Command("model-info")
    .summary("show everything that is known about a model")
    .description("Show everything that is known about a model.")
    .argument("<model>", MODEL_ARGUMENT)
    .option("--verify", "hash its checkpoint, and compare that with what was recorded")
    .option("--plot", "draw its losses, also into a pipe; with --json: list them")
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends PlaceOptions, FormatOptions {
  verify?: true | undefined;
  plot?: true | undefined;
}

/** A model, and its files where they are on this machine. */
interface ShownModel extends FoundModel {
  fileStates?: ReadonlyMap<string, FileState>;
}

async function run(name: string, options: Options): Promise<void> {
  const model = asksWorkers(options)
    ? await findOnWorkers(name, options)
    : await findHere(name, options);
  const checkpoint = checkpointState(model);
  if (isJson(options)) writeStdout(jsonOf(model, checkpoint));
  else writeStdout(await textOf(model));
  if (checkpoint?.hasRecordedHash === false) throw changedError(model.located);
}

async function findHere(name: string, options: Options): Promise<ShownModel> {
  const { lookAtFiles } = await import("../worker/view/file_states.ts");
  const registry = await openForReading(options.registry);
  const located = await locateModel(registry, await registry.resolve(name));
  const { entry } = located;
  const found = {
    located,
    missingFiles: await findMissingFiles(registry, entry),
    fileStates: await lookAtFiles(registry, entry, { verify: options.verify ?? false }),
  };
  if (!wantsCurve(options)) return found;
  const { readLossCurve } = await import("../worker/view/loss_curve.ts");
  return { ...found, lossCurve: await readLossCurve(registry, entry) };
}

async function findOnWorkers(name: string, options: Options): Promise<ShownModel> {
  if (options.verify) {
    throw new UsageError("--verify does not go together with --room and --worker", {
      hint: "Run it on the machine that holds the model.",
    });
  }
  const { findRemoteModel } = await import("../lib/client/remote_models.ts");
  const room = await findJoinedRoom(options.room);
  return await findRemoteModel(room, options.worker, name, { curve: wantsCurve(options) });
}

/** A person sees the losses; a script gets them when it asks. */
function wantsCurve(options: Options): boolean {
  return options.plot === true || (!isJson(options) && Deno.stdout.isTerminal());
}

function checkpointState({ located: { entry }, fileStates }: ShownModel): FileState | undefined {
  return entry.checkpoint_path ? fileStates?.get(entry.checkpoint_path) : undefined;
}

function jsonOf({ located, lossCurve }: ShownModel, checkpoint: FileState | undefined): string {
  const document = {
    ...toJson(located),
    ...(checkpoint?.sha256 === undefined ? {} : {
      checkpoint_sha256: checkpoint.sha256,
      checkpoint_unchanged: checkpoint.hasRecordedHash ?? null,
    }),
    ...(lossCurve === undefined ? {} : { loss_curve: lossCurve }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

async function textOf(
  { located, missingFiles, fileStates, lossCurve }: ShownModel,
): Promise<string> {
  const isColoured = isStdoutColoured();
  const text = describeModel(located, { missingFiles, fileStates, isColoured });
  if (lossCurve === undefined) return text;
  const { plotLosses } = await import("../lib/client/loss_plot.ts");
  const plot = plotLosses(lossCurve, {
    columns: stdoutColumns() ?? USUAL_COLUMNS,
    isUnicode: isUtf8Locale(),
    isColoured,
  });
  return plot === "" ? text : `${text}\n${plot}`;
}

function changedError({ entry: { id } }: LocatedModel): ConflictError {
  return new ConflictError(`The checkpoint of model ${id} was changed since it was recorded`, {
    hint: "Put the old file back: predictions with this one would be refused.",
  });
}
