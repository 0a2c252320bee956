import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeModel } from "../lib/client/model_description.ts";
import type { FoundModel } from "../lib/client/remote_models.ts";
import { toJson } from "../lib/client/model_status.ts";
import { findJoinedRoom } from "../lib/credentials.ts";
import { isStdoutColoured, writeStdout } from "../lib/terminal/output.ts";
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

/** `model-info`: everything that is known about a model. */
export function command(): CommandUnknownOpts {
  return new Command("model-info")
    .summary("show everything that is known about a model")
    .description("Show everything that is known about a model.")
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
  const { located, missingFiles } = asksWorkers(options)
    ? await findOnWorkers(name, options)
    : await findHere(name, options);
  writeStdout(
    isJson(options)
      ? `${JSON.stringify(toJson(located), null, 2)}\n`
      : describeModel(located, { missingFiles, isColoured: isStdoutColoured() }),
  );
}

async function findHere(name: string, options: Options): Promise<FoundModel> {
  const registry = await openForReading(options.registry);
  const located = await locateModel(registry, await registry.resolve(name));
  return { located, missingFiles: await findMissingFiles(registry, located.entry) };
}

async function findOnWorkers(name: string, options: Options): Promise<FoundModel> {
  const { findRemoteModel } = await import("../lib/client/remote_models.ts");
  return await findRemoteModel(await findJoinedRoom(options.room), options.worker, name);
}
