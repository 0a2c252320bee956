/**
 * The command line as click reads it.
 *
 * @module
 */
import { join } from "node:path";
import { TrainerFailure } from "./python/failure.ts";

/** What was asked for. */
export type Command =
  | { name: "version" }
  | { name: "help"; lines: string[] }
  | { name: "train"; config: string; overrides: string[] }
  | { name: "predict"; prediction: PredictArguments };

/** The command line of `predict` or `track`. */
export interface PredictArguments {
  command: "predict" | "track";
  dataPath: string;
  modelPaths: string[];
  outputPath: string;
  tracking: boolean;
}

const BOX_WIDTH = 78;
const HELP = [
  "",
  " Usage: sleap-nn [OPTIONS] COMMAND [ARGS]...",
  "",
  " train    - Run training workflow (auto-handles multi-GPU)",
];
const TRAIN_HELP = ["Usage: sleap-nn train [config.yaml] [overrides]"];

/**
 * Read the arguments of `sleap-nn`.
 *
 * @throws {TrainerFailure} with exit code 2 for anything that click refuses
 */
export function readCommandLine(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === "--version" || first === "-v") return { name: "version" };
  if (first === undefined || first === "--help" || first === "-h") {
    return { name: "help", lines: HELP };
  }
  if (first.startsWith("-")) throw usageError(`No such option '${first}'.`);
  if (first === "predict" || first === "track") {
    return { name: "predict", prediction: readPredictArguments(first, rest) };
  }
  if (first !== "train") throw usageError(`No such command '${first}'.`);
  return readTrainArguments(rest);
}

function readTrainArguments(args: readonly string[]): Command {
  const options = new Map<string, string>();
  const positional: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--help" || arg === "-h") return { name: "help", lines: TRAIN_HELP };
    const key = OPTIONS.get(arg);
    if (key !== undefined) options.set(key, optionValue(arg, queue));
    else if (arg.startsWith("-") && arg !== "--") throw usageError(`No such option '${arg}'.`);
    else if (arg !== "--") positional.push(arg);
  }
  const [first] = positional;
  if (first !== undefined && /\.ya?ml$/.test(first)) {
    return { name: "train", config: first, overrides: positional.slice(1) };
  }
  const config = options.get("config") ?? legacyConfig(options);
  if (config === undefined) return { name: "help", lines: TRAIN_HELP };
  return { name: "train", config, overrides: positional };
}

/** Options of both that take no value; the others that we give take one. */
const PREDICT_SWITCHES = new Set([
  "--gui",
  "--tracking",
  "--no_empty_frames",
  "--only_labeled_frames",
  "--only_suggested_frames",
  "--only_predicted_frames",
  "--exclude_user_labeled",
]);
const PREDICT_VALUES = new Set([
  "--data_path",
  "--model_paths",
  "--output_path",
  "--frames",
  "--video_index",
  "--batch_size",
  "--peak_threshold",
  "--max_instances",
  "--device",
  "--max_tracks",
]);

function readPredictArguments(
  command: PredictArguments["command"],
  args: readonly string[],
): PredictArguments {
  const switches = new Set<string>();
  const values: [string, string][] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (PREDICT_SWITCHES.has(arg)) switches.add(arg);
    else if (PREDICT_VALUES.has(arg)) values.push([arg, optionValue(arg, queue)]);
    else throw usageError(`No such option '${arg}'.`);
  }
  const all = (option: string) => values.flatMap(([name, value]) => name === option ? value : []);
  const [dataPath] = all("--data_path");
  const [outputPath] = all("--output_path");
  if (dataPath === undefined) throw usageError("Missing option '--data_path' / '-i'.");
  if (outputPath === undefined) throw usageError("the stand-in needs --output_path");
  const modelPaths = all("--model_paths");
  return { command, dataPath, modelPaths, outputPath, tracking: switches.has("--tracking") };
}

const OPTIONS = new Map([
  ["--config", "config"],
  ["--config-name", "name"],
  ["-c", "name"],
  ["--config-dir", "dir"],
  ["-d", "dir"],
]);

function optionValue(option: string, queue: string[]): string {
  const value = queue.shift();
  if (value === undefined) throw usageError(`Option '${option}' requires an argument.`);
  return value;
}

function legacyConfig(options: ReadonlyMap<string, string>): string | undefined {
  const name = options.get("name");
  if (name === undefined) return undefined;
  return join(options.get("dir") ?? ".", name.endsWith(".yaml") ? name : `${name}.yaml`);
}

function usageError(message: string): TrainerFailure {
  return new TrainerFailure([
    `╭─ Error ${"─".repeat(BOX_WIDTH - 8)}╮`,
    `│ ${message.padEnd(BOX_WIDTH - 2)} │`,
    `╰${"─".repeat(BOX_WIDTH)}╯`,
    "",
    " Try 'sleap-nn [COMMAND] --help' for more information.",
    "",
  ], { exitCode: 2 });
}
