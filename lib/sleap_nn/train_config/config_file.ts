/**
 * Configuration files as data, unchecked.
 *
 * @module
 */
import { NotFoundError, UsageError } from "../../errors.ts";
import { parseJson } from "../../python/json.ts";
import type { PyValue } from "../../python/value.ts";
import { parseYaml } from "../../python/yaml.ts";

/** Nothing larger is a configuration; most are below 10 KiB. */
export const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** The data in a configuration's text: JSON where `source` ends in `.json`, else YAML. */
export function parseConfig(text: string, source: string): PyValue {
  return isJsonName(source) ? parseJson(text, { source }) : parseYaml(text, { source });
}

/**
 * The text of a configuration file.
 *
 * Requires `--allow-read`.
 *
 * @throws {NotFoundError} when there is no such file
 * @throws {UsageError} when its name or size is not a configuration's, or it is not UTF-8
 */
export async function readConfigText(path: string): Promise<string> {
  if (!/\.(?:ya?ml|json)$/i.test(path)) {
    throw new UsageError(`"${path}" is not a configuration file`, {
      hint: "Give a sleap-nn training configuration: .yaml, .yml or .json.",
    });
  }
  return decodeConfig(await readSmallFile(path), path);
}

/**
 * The text of a configuration.
 *
 * @throws {UsageError} when `bytes` are not UTF-8
 */
export function decodeConfig(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsageError(`Cannot read "${source}": it is not UTF-8 text`, { cause });
  }
}

async function readSmallFile(path: string): Promise<Uint8Array> {
  try {
    const { isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new UsageError(`"${path}" is a folder, not a configuration file`);
    if (size > MAX_CONFIG_BYTES) {
      throw new UsageError(`"${path}" is too large for a configuration: ${size} bytes`);
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      throw new NotFoundError(`Configuration file "${path}" not found`, {
        hint: "Check its path; relative paths begin in the folder you are in.",
        cause,
      });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new UsageError(`Cannot read "${path}": permission denied`, { cause });
    }
    throw cause;
  }
}

/** Whether a file of this name is read as JSON. */
export function isJsonName(source: string): boolean {
  return source.toLowerCase().endsWith(".json");
}
