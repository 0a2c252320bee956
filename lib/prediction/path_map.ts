/**
 * Where files are on another machine: new beginnings of paths by old ones.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/**
 * Read `OLD=NEW`, as `--path-map` takes it.
 *
 * @throws {UsageError} when it is none
 */
export function parsePathMap(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value) => {
    const at = value.indexOf("=");
    const [from, to] = [value.slice(0, at), value.slice(at + 1)];
    if (at > 0 && from !== "" && to !== "") return [from, to];
    throw new UsageError(`--path-map "${value}" is not OLD=NEW`, {
      hint: "E.g. --path-map /home/me/videos=/data/videos",
    });
  }));
}

/**
 * A path with its beginning replaced: whole parts only, the longest beginning that fits, `\` and
 * `/` taken for the same.
 */
export function mapPath(path: string, map: Readonly<Record<string, string>>): string {
  const slashed = path.replaceAll("\\", "/");
  const fitting = Object.entries(map)
    .map(([from, to]) => ({ from: trimmed(from.replaceAll("\\", "/")), to: trimmed(to) }))
    .filter(({ from }) => slashed === from || slashed.startsWith(`${from}/`))
    .sort((a, b) => b.from.length - a.from.length)[0];
  return fitting === undefined ? path : fitting.to + slashed.slice(fitting.from.length);
}

function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}
