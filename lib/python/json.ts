/**
 * JSON as Python's `json` module reads and writes it.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { reprFloat } from "./float.ts";
import { JsonReader } from "./json_reader.ts";
import { isPyMap, PyDate, type PyMap, type PyScalar, type PyValue } from "./value.ts";

/** Options of {@linkcode parseJson}. */
export interface ParseJsonOptions {
  /** What error messages call the text, e.g. its file name. */
  source?: string;
}

/**
 * Python's `json.loads`: ints are bigint, floats number; `NaN` and `Infinity` are read; the last of
 * equal keys wins.
 *
 * @throws {UsageError} when it is not JSON, with line and column
 */
export function parseJson(text: string, options: ParseJsonOptions = {}): PyValue {
  return new JsonReader(text, options.source ?? "JSON text").read();
}

/**
 * Python's `json.dumps(value, sort_keys=True)`, byte for byte: `", "` and `": "`, keys by code
 * point, everything outside printable ASCII escaped, floats by `repr`.
 *
 * @throws {UsageError} where Python raises TypeError: dates, or a mapping whose keys cannot be
 * compared (text next to numbers)
 */
export function dumps(value: PyValue): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof PyDate) throw new UsageError(`Cannot write the date ${value.text} as JSON`);
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (isPyMap(value)) return `{${sortedEntries(value).map(dumpEntry).join(", ")}}`;
  return dumpScalar(value);
}

function dumpScalar(value: null | boolean | bigint | number): string {
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return reprFloat(value);
}

function dumpEntry([key, value]: [PyScalar, PyValue]): string {
  return `${typeof key === "string" ? quote(key) : quote(dumps(key))}: ${dumps(value)}`;
}

function sortedEntries(map: PyMap): [PyScalar, PyValue][] {
  const entries = [...map];
  if (entries.length < 2) return entries;
  if (entries.every(([key]) => typeof key === "string")) {
    return entries.sort(([a], [b]) => compareCodePoints(String(a), String(b)));
  }
  return entries.sort(([a], [b]) => compareNumbers(orderedNumber(a), orderedNumber(b)));
}

function orderedNumber(key: PyScalar): bigint | number {
  if (typeof key === "boolean") return key ? 1n : 0n;
  if (typeof key === "bigint" || (typeof key === "number" && !Number.isNaN(key))) return key;
  const name = key instanceof PyDate ? key.text : String(key);
  throw new UsageError(
    `Cannot sort the keys of a mapping: "${name}" stands next to keys of another type`,
    { hint: 'Give them one type, e.g. put numbers in quotes: "1".' },
  );
}

function compareNumbers(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareCodePoints(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length;) {
    const x = a.codePointAt(i) ?? 0;
    const y = b.codePointAt(i) ?? 0;
    if (x !== y) return x - y;
    i += x > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
