/**
 * Options that several subcommands have.
 *
 * @module
 */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { RegistryRoot } from "../../lib/registry/root.ts";
import { writeStderr } from "../../lib/terminal/output.ts";

/** Help of an argument that names a model. */
export const MODEL_ARGUMENT = "its ID, its alias, or at least 4 characters of its ID";

/** `--registry DIR`. */
export function registryOption(): Option<"--registry <dir>"> {
  return new Option("--registry <dir>", "folder that contains models/ (default: the nearest one)");
}

/** `--room ROOM`. */
export function roomOption(): Option<"--room <room>"> {
  return new Option("--room <room>", "ID or name of a joined room (default: the only one)");
}

/** `--room ROOM` of a command that looks at this machine without it. */
export function workersRoomOption(): Option<"--room <room>"> {
  return new Option(
    "--room <room>",
    "ID or name of a joined room: its workers are asked (default: this machine)",
  );
}

/** How a result is printed. */
export type Format = "table" | "json";

/** `--format table|json`. */
export function formatOption(): Option<
  "--format <format>",
  undefined,
  Format,
  undefined,
  false,
  Format
> {
  return new Option("--format <format>", "how to print the result")
    .choices(["table", "json"] as const).default("table" as Format);
}

/** `--json`, short for `--format json`. */
export function jsonOption(): Option<"--json"> {
  return new Option("--json", "short for --format json");
}

/** How a result is printed: options of {@linkcode formatOption} and {@linkcode jsonOption}. */
export interface FormatOptions {
  format: Format;
  json?: true | undefined;
}

/** Is one JSON document wanted instead of text? */
export function isJson({ format, json }: FormatOptions): boolean {
  return json === true || format === "json";
}

/** What a command looks at: a registry of this machine, or workers of a room. */
export interface PlaceOptions {
  registry?: string | undefined;
  room?: string | undefined;
  worker?: string | undefined;
}

/** `--worker NAME`. */
export function workerOption(): Option<"-w, --worker <name>"> {
  return new Option("-w, --worker <name>", "name of a worker in the room");
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("A whole number of at least 1 is needed.");
  }
  return value;
}

/** A number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError("A number above 0 is needed.");
  }
  return value;
}

/** Collects an option that may be repeated. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

/** Says on stderr which registry is used, unless the user named it. */
export function sayRegistry(root: RegistryRoot): void {
  if (root.found === "nearest" || root.found === "home") writeStderr(`registry: ${root.path}\n`);
  if (root.found === "new") writeStderr(`registry: ${root.path} (new)\n`);
}
