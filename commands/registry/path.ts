import { join } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { findRegistryRoot } from "../../lib/registry/root.ts";
import { writeStdout } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  registryOption,
} from "../shared/options.ts";

/** `registry path`: which registry commands mean here. */
export function pathCommand(): CommandUnknownOpts {
  return new Command("path")
    .summary("print the folder of the registry that commands use here")
    .description(
      "Print the folder of the registry that commands use here: the one that contains models/.",
    )
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  registry?: string | undefined;
}

async function run(options: Options): Promise<void> {
  const { path: root, found } = await findRegistryRoot({ option: options.registry });
  const manifest = join(root, "models", ".registry", "manifest.json");
  writeStdout(
    isJson(options)
      ? `${JSON.stringify({ root, manifest, found }, null, 2)}\n`
      : `${printable(root)}\n`,
  );
}
