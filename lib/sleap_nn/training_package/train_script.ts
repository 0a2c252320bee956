/**
 * The `train-script.sh` of a SLEAP training package.
 *
 * @module
 */
import { posix } from "node:path";
import { shellCommands } from "./shell_words.ts";

/** One training that a script asks for. */
export interface ScriptedTraining {
  /** The configuration's path relative to the script; null where the line names none. */
  config: string | null;
  /** Overrides in order, keys without Hydra's `+` and `++`; a key `~x` deletes `x`. */
  overrides: [key: string, value: string][];
  /** Labels files named on the line, as the older `sleap-train CONFIG LABELS` does. */
  labels: string[];
}

/** Commands that only say what they are given. */
const SAY_ONLY: ReadonlySet<string> = new Set(["echo", "printf"]);
const ONE_VALUE_OPTIONS: ReadonlySet<string> = new Set([
  "--config",
  "--config-name",
  "-c",
  "--config-dir",
  "-d",
  "--video-paths",
  "-v",
  "--video-config",
]);
const TWO_VALUE_OPTIONS: ReadonlySet<string> = new Set(["--video-path-map", "--prefix-map"]);

/**
 * The trainings of a script in order: its lines `sleap-nn train …`, `sleap-nn-train …` (SLEAP 1.5)
 * and `sleap-train …`, as sleap-nn would read their arguments. The script is only read.
 */
export function readTrainScript(script: string): ScriptedTraining[] {
  return shellCommands(script)
    .map(trainingArguments)
    .filter((words) => words !== null)
    .map(readArguments);
}

function trainingArguments(words: readonly string[]): string[] | null {
  if (SAY_ONLY.has(words[0] ?? "")) return null;
  for (const [index, word] of words.entries()) {
    const program = posix.basename(word);
    if (program === "sleap-train" || program === "sleap-nn-train") return words.slice(index + 1);
    if ((program === "sleap-nn" || program === "sleap_nn.cli") && words[index + 1] === "train") {
      return words.slice(index + 2);
    }
  }
  return null;
}

function readArguments(words: readonly string[]): ScriptedTraining {
  const { options, rest } = splitOptions(words);
  const positional = rest.find((word) => /\.(?:ya?ml|json)$/i.test(word) && !word.includes("="));
  const name = options.get("--config-name") ?? options.get("-c");
  const folder = options.get("--config-dir") ?? options.get("-d") ?? ".";
  const named = name === undefined ? null : posix.join(folder, withExtension(name));
  return {
    config: positional ?? options.get("--config") ?? named,
    overrides: rest.map(readOverride).filter((override) => override !== null),
    labels: rest.filter((word) => /\.slp$/i.test(word) && !word.includes("=")),
  };
}

function splitOptions(
  words: readonly string[],
): { options: Map<string, string>; rest: string[] } {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const [, name, value] = /^(--[a-z-]+)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined && value !== undefined) options.set(name, value);
    else if (ONE_VALUE_OPTIONS.has(word)) options.set(word, words[++i] ?? "");
    else if (TWO_VALUE_OPTIONS.has(word)) i += 2;
    else if (!word.startsWith("-")) rest.push(word);
  }
  return { options, rest };
}

function readOverride(word: string): [key: string, value: string] | null {
  const [, key, value] = /^(?:\+\+?)?(~?[\w.@/-]+)=(.*)$/s.exec(word) ?? [];
  return key === undefined || value === undefined ? null : [key, value];
}

function withExtension(name: string): string {
  return /\.(?:ya?ml|json)$/i.test(name) ? name : `${name}.yaml`;
}
