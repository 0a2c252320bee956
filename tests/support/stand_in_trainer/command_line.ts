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
  | { name: "train"; config: string; overrides: string[] };

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
