import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { UsageError } from "../lib/errors.ts";
import { checkAlias } from "../lib/registry/alias_rules.ts";
import { typedCommand } from "../lib/terminal/typed_command.ts";
import { refuseOtherPlace } from "./shared/one_place.ts";
import {
  collect,
  formatOption,
  jsonOption,
  parseCount,
  parsePositive,
  registryOption,
  roomOption,
  workerOption,
} from "./shared/options.ts";
import type { TrainCommandOptions } from "./train/options.ts";

/** `train`: register, train and find one or more models. */
export function command(): CommandUnknownOpts {
  return new Command("train")
    .summary("train models")
    .description(
      "Train one or more models. Each is registered before its training starts; the training goes " +
        "on when this command is ended with Ctrl-C.",
    )
    .addOption(
      new Option("-c, --config <file>", "sleap-nn training configuration; repeat it for a pipeline")
        .argParser(collect).default([] as string[], "none"),
    )
    .option(
      "--labels <file>",
      "labels to train on (.slp, .pkg.slp), instead of the configuration's",
    )
    .option("--val-labels <file>", "labels to validate on, instead of the configuration's")
    .option("-p, --pkg-path <file>", "a .pkg.slp, or a training package (.zip) exported from SLEAP")
    .option("--run-name <name>", "name of this run; part of what the model ID is made from")
    .option("--alias <name>", "name of the first model, which commands take in place of its ID")
    .option("--max-epochs <n>", "total number of epochs", parseCount)
    .option("--batch-size <n>", "samples in a batch", parseCount)
    .option("--learning-rate <x>", "initial learning rate", parsePositive)
    .option(
      "--resume <model>",
      "go on with a model from its newest checkpoint: ID, alias or prefix",
    )
    .option("--restart", "with --resume: begin the model again from epoch 0, under the same ID")
    .option("--detach", "print the job's ID and leave it to itself")
    .option("--local", "train on this machine, not on a worker")
    .addOption(roomOption())
    .addOption(workerOption())
    .option("-a, --auto-select", "take an idle worker, the one with most GPU memory")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  sleap-rtc train --local --config centroid.yaml --labels mice.pkg.slp
  sleap-rtc train --local -c centroid.yaml -c centered_instance.yaml --labels mice.pkg.slp
  sleap-rtc train --local --alias mouse-v2 -c centroid.yaml --labels mice.pkg.slp
  sleap-rtc train --local --pkg-path labels.v001.slp.training_job.zip
  sleap-rtc train --config centroid.yaml --labels mice.pkg.slp       (on the worker of the room)
  sleap-rtc train --worker gpu1 -c centroid.yaml --labels mice.pkg.slp
  sleap-rtc train --detach -c centroid.yaml --labels mice.pkg.slp    (then close the laptop)
  sleap-rtc train --resume a3f5e8c9                                  (after an interruption)
  sleap-rtc train --local --resume a3f5e8c9 --max-epochs 200         (more than planned)

Exit code: 0 all models completed, or with --detach taken, 3 the model or its checkpoint is not
there, 5 the worker is lost, 6 the job ended otherwise, 7 the model is being trained or the alias is
taken, 130 left with Ctrl-C.`;

async function run(options: TrainCommandOptions): Promise<void> {
  checkResume(options);
  if (options.alias !== undefined) checkAlias(options.alias);
  refuseOtherPlace(options);
  if (options.local) {
    const { trainHere } = await import("./train/local.ts");
    return await trainHere(options);
  }
  const { trainRemotely } = await import("./train/remote.ts");
  await trainRemotely(options);
}

const OF_A_NEW_TRAINING = {
  labels: "--labels",
  valLabels: "--val-labels",
  pkgPath: "--pkg-path",
  runName: "--run-name",
  batchSize: "--batch-size",
  learningRate: "--learning-rate",
} as const;

/** A resumed model is trained as it was, perhaps for longer. */
function checkResume(options: TrainCommandOptions): void {
  const { resume, restart, config, alias } = options;
  if (resume === undefined) {
    if (!restart) return;
    throw new UsageError("--restart needs --resume", {
      hint: "Name the model that begins again: sleap-rtc train --resume MODEL --restart",
    });
  }
  if (alias !== undefined) {
    throw new UsageError("--alias does not go together with --resume", {
      hint: "A resumed model keeps its name; for another one: " +
        typedCommand(["tag-model", resume, "--alias", alias]),
    });
  }
  const names = Object.keys(OF_A_NEW_TRAINING) as (keyof typeof OF_A_NEW_TRAINING)[];
  const given = names.find((name) => options[name] !== undefined);
  const spelling = config.length > 0 ? "--config" : given && OF_A_NEW_TRAINING[given];
  if (spelling === undefined) return;
  throw new UsageError(`${spelling} does not go together with --resume`, {
    hint: "A resumed model keeps its configuration and labels; only --max-epochs may change.",
  });
}
