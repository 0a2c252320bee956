/**
 * YAML as PyYAML and OmegaConf write it: block style, lists not indented, floats as `1.0e-06`.
 *
 * @module
 */
import { floatRepr } from "./text.ts";

/** Says whether the number at this dotted path is a float. */
export type IsFloat = (path: string) => boolean;

/** Write a mapping; keys in their order. */
export function dumpYaml(value: Record<string, unknown>, isFloat: IsFloat): string {
  return mappingLines(value, "", isFloat).map((line) => `${line}\n`).join("");
}

function mappingLines(value: Record<string, unknown>, path: string, isFloat: IsFloat): string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const itemPath = path === "" ? key : `${path}.${key}`;
    const name = scalar(key, false);
    if (Array.isArray(item) && item.length > 0) {
      return [`${name}:`, ...listLines(item, itemPath, isFloat)];
    }
    if (isMapping(item) && Object.keys(item).length > 0) {
      const lines = mappingLines(item, itemPath, isFloat);
      return [`${name}:`, ...lines.map((line) => `  ${line}`)];
    }
    return [`${name}: ${scalar(item, isFloat(itemPath))}`];
  });
}

function listLines(items: unknown[], path: string, isFloat: IsFloat): string[] {
  return items.flatMap((item) => {
    if (isMapping(item) && Object.keys(item).length > 0) {
      return dashed(mappingLines(item, path, isFloat));
    }
    if (Array.isArray(item) && item.length > 0) return dashed(listLines(item, path, isFloat));
    return [`- ${scalar(item, isFloat(path))}`];
  });
}

function dashed(lines: string[]): string[] {
  return lines.map((line, index) => `${index === 0 ? "- " : "  "}${line}`);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function scalar(value: unknown, isFloat: boolean): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") {
    if (Number.isInteger(value) && !isFloat) return String(value);
    const text = floatRepr(value);
    return text.includes(".") ? text : text.replace("e", ".0e");
  }
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return "[]";
  return typeof value === "object" ? "{}" : String(value);
}

const INDICATOR = /^[\s,[\]{}#&*!|>'"%@`]|^[-?:](\s|$)|: |:$| #|\s$/;
const OTHER_TYPE =
  /^(~|null|true|false|yes|no|on|off|[-+]?(\d[\d_]*)?(\.\d*)?(e[-+]?\d+)?|\d+(:[0-5]?\d)+|[-+]?\.(inf|nan)|0x[\da-f_]+|=|<<)$/i;

function quoted(text: string): string {
  // deno-lint-ignore no-control-regex -- what PyYAML writes in double quotes
  if (/[\x00-\x1f\x7f]/.test(text)) return JSON.stringify(text);
  if (INDICATOR.test(text) || OTHER_TYPE.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return text;
}
