/**
 * YAML that PyYAML and OmegaConf read back to the same values.
 *
 * @module
 */
import { reprFloat } from "./float.ts";
import { isPyMap, PyDate, type PyScalar, type PyValue } from "./value.ts";
import { resolveScalarType } from "./yaml_scalar.ts";

/**
 * Write a value as a block style document: floats always with a dot, text in double quotes unless
 * it is plainly safe. Numbers, keys and their order are kept exactly; anchors are not.
 *
 * PyYAML cannot read back a key of more than 1024 characters.
 */
export function writeYaml(value: PyValue): string {
  return `${linesOf(value).join("\n")}\n`;
}

/** The lines of a value, without the indentation of what contains it. */
function linesOf(value: PyValue): string[] {
  if (Array.isArray(value)) return value.length === 0 ? ["[]"] : value.flatMap(itemLines);
  if (!isPyMap(value)) return [scalarText(value)];
  return value.size === 0 ? ["{}"] : [...value].flatMap(entryLines);
}

function itemLines(item: PyValue): string[] {
  return linesOf(item).map((line, index) => (index === 0 ? "- " : "  ") + line);
}

function entryLines([key, value]: [PyScalar, PyValue]): string[] {
  const lines = linesOf(value);
  const name = scalarText(key);
  if (!isBlock(value)) return [`${name}: ${lines[0]}`];
  return [`${name}:`, ...lines.map((line) => `  ${line}`)];
}

function isBlock(value: PyValue): boolean {
  return Array.isArray(value) ? value.length > 0 : isPyMap(value) && value.size > 0;
}

function scalarText(value: PyScalar): string {
  if (typeof value === "string") return isPlainSafe(value) ? value : quote(value);
  if (typeof value === "number") return floatText(value);
  return value instanceof PyDate ? value.text : String(value);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = reprFloat(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}

/** Only words and paths that every YAML reader takes as text; `y` and `n` are booleans to some. */
function isPlainSafe(text: string): boolean {
  return /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !/^[yYnN]$/.test(text) &&
    resolveScalarType(text) === "str" && resolveScalarType(text, "omegaconf") === "str";
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
