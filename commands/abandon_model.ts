import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { toJson } from "../lib/client/model_status.ts";
import { findJoinedRoom } from "../lib/credentials.ts";
import type { LocatedModel } from "../lib/registry/located_model.ts";
import { modelFolder } from "../lib/registry/model_folder.ts";
import { writeStdout } from "../lib/terminal/output.ts";
import { typedCommand } from "../lib/terminal/typed_command.ts";
import { refuseIfResumed } from "../worker/resume/taken.ts";
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

/** `abandon-model`: give an interrupted or failed model up. */
export function command(): CommandUnknownOpts {
  return new Command("abandon-model")
    .summary("give an interrupted or failed model up")
    .description(
      "Give an interrupted or failed model up: nobody is reminded of it any more. Its files stay.",
    )
    .argument("<model>", MODEL_ARGUMENT)
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

type Options = PlaceOptions & FormatOptions;

async function run(name: string, options: Options): Promise<void> {
  const model = asksWorkers(options)
    ? await abandonOnWorker(name, options)
    : await abandonHere(name, options);
  writeStdout(
    isJson(options) ? `${JSON.stringify(toJson(model), null, 2)}\n` : describe(model, options),
  );
}

async function abandonHere(name: string, options: Options): Promise<LocatedModel> {
  const registry = await openForReading(options.registry);
  const { id } = await registry.resolve(name);
  await refuseIfResumed(registry.root, id, "abandon");
  await registry.abandon(id);
  return await locateModel(registry, await registry.resolve(id));
}

async function abandonOnWorker(name: string, options: Options): Promise<LocatedModel> {
  const { abandonRemoteModel } = await import("../lib/client/remote_models.ts");
  return await abandonRemoteModel(await findJoinedRoom(options.room), options.worker, name);
}

function describe({ entry, location: { worker } }: LocatedModel, options: Options): string {
  const { id, model_type } = entry;
  const folder = model_type ? ` in ${modelFolder(model_type, id)}` : "";
  const inRoom = options.room === undefined ? [] : ["--room", options.room];
  const inRoot = options.registry === undefined ? [] : ["--registry", options.registry];
  const place = worker === undefined ? ["--local", ...inRoot] : [...inRoom, "--worker", worker];
  return `model ${id} is abandoned; its files stay${folder}\n` +
    `resume it all the same: ${typedCommand(["train", "--resume", id, ...place])}\n`;
}
