/**
 * Data as Python sees it: ints and floats apart, ordered mappings with keys of any scalar type.
 *
 * @module
 */

/** A date or time of YAML, kept as written: nothing here computes with it. */
export class PyDate {
  /** The scalar as it stood in the file, e.g. `2025-11-06`. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A Python scalar: `bigint` is an int, `number` a float. */
export type PyScalar = null | boolean | bigint | number | string | PyDate;

/** A Python dict, in insertion order. */
export type PyMap = Map<PyScalar, PyValue>;

/** Everything that JSON and YAML files hold. */
export type PyValue = PyScalar | PyValue[] | PyMap;

/** Whether `value` is a mapping. */
export function isPyMap(value: PyValue | undefined): value is PyMap {
  return value instanceof Map;
}

/** The value under a path of text keys; undefined where a step is missing or not a mapping. */
export function getIn(value: PyValue | undefined, path: readonly string[]): PyValue | undefined {
  let current = value;
  for (const key of path) {
    if (!isPyMap(current)) return undefined;
    current = current.get(key);
  }
  return current;
}

/** A copy that shares no mapping and no list with the original, nor within itself. */
export function clonePyValue(value: PyValue): PyValue {
  if (Array.isArray(value)) return value.map(clonePyValue);
  return isPyMap(value) ? clonePyMap(value) : value;
}

/** A mapping's {@linkcode clonePyValue}. */
export function clonePyMap(map: PyMap): PyMap {
  return new Map([...map].map(([key, value]) => [key, clonePyValue(value)]));
}

/**
 * Puts entries into a mapping as a Python dict does: `1`, `1.0` and `True` are one key, and the
 * first of equal keys stays while the last value wins.
 */
export class PyMapBuilder {
  readonly #map: PyMap = new Map();
  readonly #keys = new Map<unknown, PyScalar>();

  /** Add an entry or replace the value of an equal key. */
  set(key: PyScalar, value: PyValue): void {
    const identity = keyIdentity(key);
    const known = this.#keys.has(identity);
    if (!known) this.#keys.set(identity, key);
    this.#map.set(known ? this.#keys.get(identity) ?? null : key, value);
  }

  /** The mapping built so far. */
  get map(): PyMap {
    return this.#map;
  }
}

function keyIdentity(key: PyScalar): unknown {
  if (typeof key === "boolean") return key ? 1n : 0n;
  if (typeof key === "number" && Number.isInteger(key)) return BigInt(key);
  return key instanceof PyDate ? `date:${key.text}` : key;
}
