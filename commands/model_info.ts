import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeModel } from "../lib/client/model_description.ts";
import { toJson } from "../lib/client/model_status.ts";
import { isStdoutColoured, writeStdout } from "../lib/terminal/output.ts";
import { findMissingFiles, locateModel } from "../worker/locate_models.ts";
import { openForReading } from "./shared/open_registry.ts";
import { type Format, formatOption, jsonOption, registryOption } from "./shared/options.ts";

/** `model-info`: everything that is known about a model. */
export function command(): CommandUnknownOpts {
  return new Command("model-info")
    .summary("show everything that is known about a model")
    .description("Show everything that is known about a model.")
    .argument("<model>", "its ID, or at least 4 characters of it")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options {
  registry?: string | undefined;
  format: Format;
  json?: true | undefined;
}

async function run(name: string, options: Options): Promise<void> {
  const registry = await openForReading(options.registry);
  const model = await locateModel(registry, await registry.resolve(name));
  const isJson = options.json || options.format === "json";
  if (isJson) {
    writeStdout(`${JSON.stringify(toJson(model), null, 2)}\n`);
    return;
  }
  const missingFiles = await findMissingFiles(registry, model.entry);
  writeStdout(describeModel(model, { missingFiles, isColoured: isStdoutColoured() }));
}
