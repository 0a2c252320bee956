/**
 * Values as Python writes them.
 *
 * @module
 */

/** `repr()` of a float: `1.0`, `1e-05`, `nan`. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [digits = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? "-" : "+";
    return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const decimal = String(value);
  return decimal.includes(".") ? decimal : `${decimal}.0`;
}

/** `repr()` of a decoded JSON value: `{'command': 'stop'}`. */
export function valueRepr(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(valueRepr).join(", ")}]`;
  if (typeof value === "object") {
    const items = Object.entries(value).map(([key, item]) => `'${key}': ${valueRepr(item)}`);
    return `{${items.join(", ")}}`;
  }
  return String(value);
}

/** `type().__name__` of a decoded JSON value. */
export function typeName(value: unknown): string {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "str" : "dict";
}

/** `json.dumps()` of a mapping of floats: `{"loss": 1.0, "val/loss": NaN}`. */
export function floatsJson(values: ReadonlyMap<string, number>): string {
  const items = [...values].map(([key, value]) => `${JSON.stringify(key)}: ${floatJson(value)}`);
  return `{${items.join(", ")}}`;
}

function floatJson(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return floatRepr(value);
}

/** `str(datetime.now())`, local time with microseconds. */
export function dateTime(now: Date): string {
  const micros = String(now.getMilliseconds() * 1000).padStart(6, "0");
  return `${logTime(now)}.${micros}`;
}

/** `YYYY-MM-DD HH:MM:SS`, local time. */
export function logTime(now: Date): string {
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(twoDigits).join("-");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(twoDigits).join(":");
  return `${date} ${time}`;
}

/** `%y%m%d_%H%M%S`, local time. */
export function runTime(now: Date): string {
  const digits = logTime(now).replace(/[-:]/g, "");
  return digits.slice(2).replace(" ", "_");
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}
