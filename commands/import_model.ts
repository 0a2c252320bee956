import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { UsageError } from "../lib/errors.ts";
import { checkAlias } from "../lib/registry/alias_rules.ts";
import { MODEL_TYPES } from "../lib/sleap_nn/model_combination.ts";
import { formatOption, jsonOption, registryOption } from "./shared/options.ts";
import type { ImportOptions } from "./import_model/options.ts";

/** `import-model`: take a model in that was trained elsewhere. */
export function command(): CommandUnknownOpts {
  return new Command("import-model")
    .summary("take a model in that was trained elsewhere")
    .description(
      "Take a model in that sleap-nn, or SLEAP 1.4 or older, has trained without sleap-rtc. Its " +
        "folder is only read: the registry gets links to its files, or copies.",
    )
    .argument("<dir>", "the model's folder; with --scan: a folder of such folders")
    .option("--alias <name>", "a name for it: 1 to 64 letters, numbers, dashes and underscores")
    .addOption(
      new Option("--model-type <type>", "its type, where its configuration does not tell")
        .choices(MODEL_TYPES),
    )
    .option("--run-name <name>", "part of the ID (default: the configuration's, or the folder's)")
    .option("--copy", "copy the files instead of linking to them")
    .option("--scan", "import every model in the folder and below")
    .option("-y, --yes", "ask nothing")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

async function run(path: string, options: ImportOptions): Promise<void> {
  if (options.alias !== undefined) checkAlias(options.alias);
  if (!options.scan) {
    const { importOne } = await import("./import_model/one.ts");
    return await importOne(path, options);
  }
  for (const name of ["alias", "runName"] as const) {
    if (options[name] === undefined) continue;
    throw new UsageError(
      `--${name === "alias" ? "alias" : "run-name"} is for one model, not for --scan`,
      {
        hint: "Import that model by its own folder, or name it later: sleap-rtc tag-model",
      },
    );
  }
  const { importTree } = await import("./import_model/scan.ts");
  await importTree(path, options);
}
