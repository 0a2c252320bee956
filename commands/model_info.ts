import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeModel } from "../lib/client/model_description.ts";
import { toJson } from "../lib/client/model_status.ts";
import { ModelRegistry } from "../lib/registry.ts";
import { findRegistryRoot } from "../lib/registry/root.ts";
import { writeStdout } from "../lib/terminal/output.ts";
import { locateModels } from "../worker/locate_models.ts";
import {
  type Format,
  formatOption,
  jsonOption,
  registryOption,
  sayRegistry,
} from "./shared/options.ts";

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
  const root = await findRegistryRoot({ option: options.registry });
  sayRegistry(root);
  const registry = await ModelRegistry.open(root.path, { create: false });
  const [model] = await locateModels(registry, [await registry.resolve(name)]);
  if (model === undefined) return;
  const isJson = options.json || options.format === "json";
  writeStdout(isJson ? `${JSON.stringify(toJson(model), null, 2)}\n` : describeModel(model));
}
