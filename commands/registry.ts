import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { identifyModel } from "../lib/training/identify_model.ts";
import { parseTrainerView } from "../lib/sleap_nn/train_config.ts";
import { parseConfig, readConfigText } from "../lib/sleap_nn/train_config/config_file.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { gcCommand } from "./registry/gc.ts";
import { pathCommand } from "./registry/path.ts";
import { rebuildCommand } from "./registry/rebuild.ts";
import { statsCommand } from "./registry/stats.ts";
import { verifyCommand } from "./registry/verify.ts";
import { formatOption, type FormatOptions, isJson, jsonOption } from "./shared/options.ts";

/** `registry`: subcommands that look after a registry. */
export function command(): CommandUnknownOpts {
  return new Command("registry")
    .summary("look after a model registry")
    .description("Look after a model registry.")
    .addCommand(modelIdCommand())
    .addCommand(verifyCommand())
    .addCommand(rebuildCommand())
    .addCommand(gcCommand())
    .addCommand(pathCommand())
    .addCommand(statsCommand());
}

function modelIdCommand(): CommandUnknownOpts {
  return new Command("model-id")
    .summary("compute the ID that a training would get")
    .description("Compute the ID that a training of CONFIG would get, before any suffix.")
    .argument("<config>", "sleap-nn training configuration")
    .option("--labels <file>", "labels to train on, instead of the configuration's")
    .option("--run-name <name>", "name of the run, instead of the configuration's")
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(printModelId);
}

interface ModelIdOptions extends FormatOptions {
  labels?: string | undefined;
  runName?: string | undefined;
}

async function printModelId(path: string, options: ModelIdOptions): Promise<void> {
  const text = await readConfigText(path);
  const config = {
    value: parseConfig(text, path),
    trainerView: parseTrainerView(text, path),
    source: path,
  };
  const identity = await identifyModel(config, options);
  if (identity.labels.sha256 === null) {
    writeStderr(
      `warning: cannot read labels "${identity.labelsPath}": their path was hashed instead\n`,
    );
  }
  if (identity.isRunNameNew) {
    writeStderr(`No run name is given: this is the ID of a run "${identity.runName}" (now)\n`);
  }
  const { id, fullHash } = identity;
  writeStdout(
    isJson(options)
      ? `${JSON.stringify({ id, full_hash: fullHash }, null, 2)}\n`
      : `${id} ${fullHash}\n`,
  );
}
