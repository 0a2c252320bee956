import { UsageError } from "../../errors.ts";
import { clonePyMap, isPyMap, type PyMap } from "../../python/value.ts";
import { parseYaml } from "../../python/yaml.ts";

/** One setting of a command line: `["trainer_config.max_epochs", "5"]`, or `["~a.b", ""]`. */
export type Override = readonly [key: string, value: string];

/**
 * A configuration with the overrides of a command line applied in order, each value read as Hydra
 * reads it: typed scalars, quoted text, lists.
 *
 * @param source the configuration's name for messages
 * @throws {UsageError} when a key leads through something that is no mapping
 */
export function withOverrides(
  config: PyMap,
  overrides: readonly Override[],
  source: string,
): PyMap {
  const changed = clonePyMap(config);
  for (const [key, value] of overrides) applyOverride(changed, key, value, source);
  return changed;
}

function applyOverride(root: PyMap, key: string, value: string, source: string): void {
  const isDeletion = key.startsWith("~");
  const path = key.replace(/^(?:\+{1,2}|~)/, "").split(".");
  const name = path.pop() ?? "";
  let section = root;
  for (const step of path) {
    const next = section.get(step) ?? new Map();
    if (!isPyMap(next)) {
      throw new UsageError(`Cannot set "${key}" in "${source}": "${step}" is not a mapping`);
    }
    section.set(step, next);
    section = next;
  }
  if (isDeletion) section.delete(name);
  else section.set(name, parseYaml(value, { source: key, dialect: "omegaconf" }));
}
