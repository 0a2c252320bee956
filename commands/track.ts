import {
  Command,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { UsageError } from "../lib/errors.ts";
import { refuseOtherPlace } from "./shared/one_place.ts";
import {
  collect,
  formatOption,
  jsonOption,
  parseCount,
  registryOption,
  roomOption,
  workerOption,
} from "./shared/options.ts";
import type { PredictionAsked, TrackCommandOptions } from "./track/options.ts";

/** `track`: predict with a model that is named. */
export function command(): CommandUnknownOpts {
  return new Command("track")
    .summary("predict poses with a model")
    .description(
      "Predict poses on a video or labels file, with a model named by ID, alias or prefix. One of " +
        "a top-down pair brings the other. The job goes on when this command is ended with Ctrl-C.",
    )
    .addOption(repeated("-m, --model <model>", "ID, alias or prefix; twice for a pair"))
    .addOption(repeated("--checkpoint <path>", "a model folder or checkpoint, instead of --model"))
    .addOption(repeated("--model-paths <path>", "the same as --checkpoint").hideHelp())
    .option("-d, --data-path <file>", "a video, or labels (.slp): on this machine or the worker")
    .option("-o, --output <file>", "where the predictions go (default: DATA.predictions.slp here)")
    .option("--force", "replace a file that is in their place")
    .option("--allow-interrupted", "use a model that was not trained to its end")
    .addOption(
      repeated(
        "--path-map <old=new>",
        "where videos of a labels file are; their beginning replaced",
      ),
    )
    .option("--frames <list>", "0-based frames: 0,5,10 or one range 0-99", parseFrames)
    .option("--video-index <n>", "one video of a labels file, from 0", parseIndex)
    .option("--only-suggested-frames", "only frames suggested for labelling")
    .option("--only-labeled-frames", "only frames that a person has labelled")
    .option("--only-predicted-frames", "only frames that have predictions")
    .option("--exclude-user-labeled", "not those frames that a person has labelled")
    .option("--batch-size <n>", "frames at once", parseCount)
    .option("--peak-threshold <x>", "peaks below it are no nodes, 0 to 1", parseShare)
    .option("-t, --tracking", "follow instances from frame to frame")
    .option("-n, --max-instances <n>", "most instances in a frame", parseCount)
    .option("--detach", "print the job's ID and leave it to itself")
    .option("--local", "predict on this machine, not on a worker")
    .addOption(roomOption())
    .addOption(workerOption())
    .option("-a, --auto-select", "with --checkpoint: take an idle worker")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .argument("[sleap-nn arguments...]", "after --: further arguments for sleap-nn predict")
    .addHelpText("after", EXAMPLES)
    .action(run);
}

const EXAMPLES = `
Examples:
  sleap-rtc track --model mouse-v2 --data-path clip.mp4
  sleap-rtc track --model a3f5e8c9 -d clip.mp4 -o results/clip.predictions.slp --tracking
  sleap-rtc track --local --model mouse-v2 -d labels.slp --only-suggested-frames
  sleap-rtc track --model mouse-v2 -d clip.mp4 -- --integral_refinement none
  sleap-rtc track --model mouse-v2 -d project.slp --path-map /home/me/videos=/data/videos

Exit code: 0 the predictions are there, or with --detach the job is taken, 2 the model or the data
cannot be used so, 3 a model or file is not there, 5 the worker is lost, 6 the job ended otherwise,
7 the output is there already, the model is being trained or its checkpoint was changed, 130 left
with Ctrl-C.`;

function repeated<const Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description).argParser(collect).default([] as string[], "none");
}

async function run(extra: string[], options: TrackCommandOptions): Promise<void> {
  refuseOtherPlace(options);
  const asked = checkOptions(options, extra);
  if (options.local) {
    const { predictHere } = await import("./track/local.ts");
    return await predictHere(asked);
  }
  const { predictRemotely } = await import("./track/remote.ts");
  await predictRemotely(asked);
}

function checkOptions(
  options: TrackCommandOptions,
  extra: readonly string[],
): PredictionAsked {
  const checkpoint = [...options.checkpoint, ...options.modelPaths];
  const { model, dataPath } = options;
  const [stray] = extra;
  if (stray !== undefined && !stray.startsWith("-")) {
    throw new UsageError(`Unexpected argument "${stray}"`, {
      hint: "Data are named with --data-path; arguments for sleap-nn follow after --.",
    });
  }
  if (model.length > 0 && checkpoint.length > 0) {
    throw new UsageError("--checkpoint does not go together with --model", {
      hint: "Name models by ID or alias, or give the paths of their folders.",
    });
  }
  if (model.length + checkpoint.length === 0) {
    throw new UsageError("No model to predict with", {
      hint: "Name one: --model ID_OR_ALIAS. All models: sleap-rtc list-models",
    });
  }
  if (model.length > 2 || checkpoint.length > 2) {
    throw new UsageError("At most two models predict together", {
      hint: "A top-down pair is a centroid model and one that finds the nodes.",
    });
  }
  if (dataPath === undefined) {
    throw new UsageError("No data to predict on", {
      hint: "Name a video or labels file: --data-path FILE",
    });
  }
  return { ...options, checkpoint, dataPath, extra };
}

function parseFrames(text: string): string {
  if (/^(\d{1,9}(,\d{1,9})*|\d{1,9}-\d{1,9})$/.test(text)) return text;
  throw new InvalidArgumentError("Write 0,5,10 or one range 0-99.");
}

function parseIndex(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A whole number from 0 is needed.");
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("A number from 0 to 1 is needed.");
}
