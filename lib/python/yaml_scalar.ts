/**
 * YAML 1.1 scalars as PyYAML's `SafeLoader` resolves and constructs them (PyYAML 6.0,
 * `resolver.py` and `constructor.py`), which differs from YAML 1.2: `1e-05` is text, `017` is 15,
 * `1:30` is 90, `yes` is true.
 *
 * @module
 */
import { pyInt } from "./numbers.ts";
import { PyDate, type PyScalar } from "./value.ts";

/** Scalar types that a plain scalar can resolve to. */
export type ScalarType =
  | "bool"
  | "float"
  | "int"
  | "merge"
  | "null"
  | "timestamp"
  | "value"
  | "str";

/**
 * Whose reading: PyYAML's `safe_load`, or OmegaConf's loader, which also takes `1e-5` as a float
 * and leaves dates as text (omegaconf 2.3, `_utils.get_yaml_loader`).
 */
export type YamlDialect = "pyyaml" | "omegaconf";

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const INT =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;
const OMEGACONF_FLOAT =
  /^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP_PARTS =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+]([0-9]{1,2})(?::([0-9]{2}))?))?)?$/;

/** The type of a plain (unquoted, untagged) scalar. */
export function resolveScalarType(text: string, dialect: YamlDialect = "pyyaml"): ScalarType {
  if (BOOL.test(text)) return "bool";
  if (FLOAT.test(text)) return "float";
  if (INT.test(text)) return "int";
  if (text === "<<") return "merge";
  if (NULL.test(text)) return "null";
  if (dialect === "pyyaml" && TIMESTAMP.test(text)) return "timestamp";
  if (text === "=") return "value";
  return dialect === "omegaconf" && OMEGACONF_FLOAT.test(text) ? "float" : "str";
}

/**
 * The value of a scalar of a known type.
 *
 * @throws {RangeError} when `text` is not a value of this type, as PyYAML raises
 */
export function constructScalar(type: ScalarType, text: string): PyScalar {
  switch (type) {
    case "null":
      return null;
    case "str":
      return text;
    case "bool":
      return constructBool(text);
    case "int":
      return constructInt(text);
    case "float":
      return constructFloat(text);
    case "timestamp":
      return constructDate(text);
    case "merge":
    case "value":
      throw new RangeError(`"${text}" means something only as a key; put it in quotes`);
  }
}

function constructBool(text: string): boolean {
  const word = text.toLowerCase();
  if (["yes", "true", "on"].includes(word)) return true;
  if (["no", "false", "off"].includes(word)) return false;
  throw new RangeError(`"${text}" is not a boolean`);
}

function constructInt(text: string): bigint {
  const { negative, digits } = splitSign(text);
  const size = digits.includes(":") && !digits.startsWith("0")
    ? sexagesimalInt(digits)
    : intLiteral(digits);
  if (size === undefined) throw new RangeError(`"${text}" is not an integer`);
  return negative ? -size : size;
}

function intLiteral(digits: string): bigint | undefined {
  if (/^(?:0b[01]+|0x[0-9a-fA-F]+|0o[0-7]+|[1-9][0-9]*|0)$/.test(digits)) return pyInt(digits);
  return /^0[0-7]+$/.test(digits) ? pyInt(`0o${digits}`) : undefined;
}

function sexagesimalInt(digits: string): bigint | undefined {
  if (!/^[0-9]+(?::[0-9]+)+$/.test(digits)) return undefined;
  return digits.split(":").reduce((sum, part) => sum * 60n + pyInt(part), 0n);
}

function constructFloat(text: string): number {
  const { negative, digits } = splitSign(text.toLowerCase());
  const size = digits.includes(":") ? sexagesimalFloat(digits) : floatLiteral(digits);
  if (size === undefined) throw new RangeError(`"${text}" is not a float`);
  return negative ? -size : size;
}

function floatLiteral(digits: string): number | undefined {
  if (/^(?:\.?inf|infinity)$/.test(digits)) return Infinity;
  if (/^\.?nan$/.test(digits)) return NaN;
  return /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?$/.test(digits)
    ? Number(digits)
    : undefined;
}

/** Summed from the last part up, in PyYAML's order, so that rounding is the same. */
function sexagesimalFloat(digits: string): number | undefined {
  let sum = 0;
  let base = 1;
  for (const part of digits.split(":").reverse()) {
    const value = floatLiteral(part);
    if (value === undefined) return undefined;
    sum += value * base;
    base *= 60;
  }
  return sum;
}

function splitSign(text: string): { negative: boolean; digits: string } {
  const digits = text.replaceAll("_", "");
  return { negative: digits.startsWith("-"), digits: digits.replace(/^[-+]/, "") };
}

function constructDate(text: string): PyDate {
  const parts = TIMESTAMP_PARTS.exec(text)?.slice(1).map((part) => Number(part ?? 0));
  if (parts === undefined || !isDate(parts)) throw new RangeError(`"${text}" is not a date`);
  return new PyDate(text);
}

function isDate(parts: readonly number[]): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zone = 0, zoneMinute = 0] =
    parts;
  const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay &&
    hour < 24 && minute < 60 && second < 60 && zone * 60 + zoneMinute < 24 * 60;
}
