/**
 * The configuration file as Hydra finds and reads it.
 *
 * @module
 */
import { basename, dirname, extname, resolve } from "node:path";
import { parseDocument, type YAMLParseError } from "yaml";
import { traceback, type TrainerFailure } from "../python/failure.ts";

/** A mapping of the configuration. */
export type Mapping = Record<string, unknown>;

/**
 * Read a configuration file.
 *
 * @throws {TrainerFailure} if it is missing, not called `*.yaml` or no YAML
 */
export function readDocument(path: string): Mapping {
  if (extname(path) !== ".yaml" || !exists(path)) throw missingConfig(path);
  const text = Deno.readTextFileSync(path);
  const document = parseDocument(text, {
    version: "1.1",
    customTags: (tags) => tags.filter((tag) => !isTimestamp(tag)),
  });
  const [error] = document.errors;
  if (error !== undefined) throw syntaxError(resolve(path), text, error);
  const value: unknown = document.toJS();
  return isMapping(value) ? value : {};
}

/** Whether a value of the configuration is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a dotted path; undefined if there is none. */
export function valueAt(mapping: Mapping, path: string): unknown {
  let value: unknown = mapping;
  for (const key of path.split(".")) value = isMapping(value) ? value[key] : undefined;
  return value;
}

/** The failure of an override for a key that the file does not have. */
export function refusedOverride(override: string): TrainerFailure {
  const [key = "", value = ""] = override.split("=");
  return traceback([
    '  File "<site-packages>/hydra/_internal/config_loader_impl.py", line 276, in _load_configuration_impl',
    '  File "<site-packages>/hydra/_internal/config_loader_impl.py", line 392, in _apply_overrides_to_config',
    `hydra.errors.ConfigCompositionException: Could not override '${key}'.`,
    `To append to your config use +${key}=${value}`,
  ]);
}

function isTimestamp(tag: unknown): boolean {
  const name = typeof tag === "object" && tag !== null && "tag" in tag ? tag.tag : tag;
  return name === "timestamp" || name === "tag:yaml.org,2002:timestamp";
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function missingConfig(path: string): TrainerFailure {
  return traceback([
    `hydra.errors.MissingConfigException: Cannot find primary config '${basename(path)}'. ` +
    "Check that it's in your config search path.",
    "",
    "Config search path:",
    "\tprovider=hydra, path=pkg://hydra.conf",
    `\tprovider=main, path=file://${dirname(resolve(path))}`,
    "\tprovider=schema, path=structured://",
  ]);
}

function syntaxError(path: string, text: string, error: YAMLParseError): TrainerFailure {
  const open = text.lastIndexOf("[");
  if (error.message.startsWith("Flow sequence") && open >= 0) {
    return traceback([
      '  File "<site-packages>/yaml/parser.py", line 483, in parse_flow_sequence_entry',
      "yaml.parser.ParserError: while parsing a flow sequence",
      `  in "${path}", ${place(text, open)}`,
      "expected ',' or ']', but got '<stream end>'",
      `  in "${path}", ${place(text, text.length)}`,
    ]);
  }
  return traceback([
    "yaml.scanner.ScannerError: mapping values are not allowed here",
    `  in "${path}", ${place(text, error.pos[0])}`,
  ]);
}

function place(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
