/**
 * Where files are on another machine: new beginnings of paths by old ones.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** New beginnings of paths by old ones. */
export type PathMap = Readonly<Record<string, string>>;

/**
 * Read `OLD=NEW`, as `--path-map` takes it.
 *
 * @throws {UsageError} when it is none
 */
export function parsePathMap(values: readonly string[]): Record<string, string> {
  const map = Object.fromEntries(values.map((value) => {
    const at = value.indexOf("=");
    const [from, to] = [value.slice(0, at), value.slice(at + 1)];
    if (at > 0 && from !== "" && to !== "") return [from, to];
    throw new UsageError(`--path-map "${value}" is not OLD=NEW`, {
      hint: "E.g. --path-map /home/me/videos=/data/videos",
    });
  }));
  pathRules(map);
  return map;
}

/**
 * The beginnings of a map as they are tried, plain, the longest first: whoever maps a path goes by
 * the first that fits, so that what is checked is what is opened.
 *
 * @throws {UsageError} when an old beginning is the whole disk or stands twice, or a new one is no
 *   absolute path
 */
export function pathRules(map: PathMap): [from: string, to: string][] {
  const rules = new Map<string, string>();
  for (const [from, to] of Object.entries(map)) {
    const start = plainPath(from).replace(/\/+$/, "");
    if (start === "") {
      throw refused(from, to, "it would move every path", "Name the folder that was moved.");
    }
    if (rules.has(start)) {
      throw refused(from, to, "another begins with the same folder", "Leave one of them out.");
    }
    if (!to.startsWith("/")) {
      throw refused(from, to, "its new beginning is no whole path", "Let it begin with a slash.");
    }
    rules.set(start, to.replace(/\/+$/, ""));
  }
  return [...rules].sort(([a], [b]) => b.length - a.length);
}

/**
 * A path with its beginning replaced: whole parts only, the longest beginning that fits, `\` and
 * `/` taken for the same.
 *
 * @throws {UsageError} see {@linkcode pathRules}
 */
export function mapPath(path: string, map: PathMap): string {
  const plain = plainPath(path);
  const rule = pathRules(map).find(([from]) => plain === from || plain.startsWith(`${from}/`));
  if (rule === undefined) return path;
  const [from, to] = rule;
  return to + plain.slice(from.length);
}

/** A path as sleap-io writes it before it opens it: of Windows too, without `//` and `/./`. */
export function plainPath(path: string): string {
  return path.replaceAll("\\", "/").replace(/(?<=\/)(?:\.?\/)+/g, "").replace(/^(?:\.\/)+/, "");
}

function refused(from: string, to: string, reason: string, hint: string): UsageError {
  return new UsageError(`The path map "${from}" to "${to}" cannot be used: ${reason}`, { hint });
}
