/**
 * Python data as plain JavaScript, for JSON files of our own.
 *
 * @module
 */
import { isPyMap, PyDate, type PyMap, type PyScalar, type PyValue } from "./value.ts";

/** A JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/**
 * Plain JSON data: ints become numbers where these hold them exactly, else text; `NaN` and
 * infinities become null; dates and keys become text.
 */
export function toJson(value: PyValue): JsonValue {
  if (Array.isArray(value)) return value.map(toJson);
  return isPyMap(value) ? toJsonObject(value) : scalarToJson(value);
}

/** A mapping's {@linkcode toJson}. */
export function toJsonObject(map: PyMap): { [key: string]: JsonValue } {
  return Object.fromEntries([...map].map(([key, value]) => [keyText(key), toJson(value)]));
}

function scalarToJson(value: PyScalar): JsonValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value instanceof PyDate) return value.text;
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function keyText(key: PyScalar): string {
  return key instanceof PyDate ? key.text : String(key);
}
