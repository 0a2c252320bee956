import { logger } from "../log.ts";
import { agreeOnAliases, aliasedId, isConfirmed } from "./aliases.ts";
import type { ModelEntry } from "./entry.ts";
import { emptyManifest, type Manifest } from "./manifest.ts";

const log = logger("registry");

/**
 * One manifest out of several sources of entries: for each ID the entry with the highest revision,
 * an earlier source before a later one. An alias that several of them have stays with the one that
 * the base's map names, else with the newest; the others lose it, with a warning in the log.
 *
 * @param base root keys to keep (aliases, counters, keys of other programs)
 * @param sources entries of the damaged manifest, of its backup, of the model folders; what is sound
 *   of damaged ones
 */
export function mergeManifest(
  base: Manifest,
  sources: readonly (readonly ModelEntry[])[],
): Manifest {
  const newest = new Map<string, ModelEntry>();
  for (const entry of sources.flat()) {
    const known = newest.get(entry.id);
    if (known === undefined || (entry.revision ?? 0) > (known.revision ?? 0)) {
      newest.set(entry.id, entry);
    }
  }
  const entries = [...newest.values()].sort(byCreation);
  const interrupted = entries.filter((entry) => entry.status === "interrupted");
  const models = withOneHolder(Object.fromEntries(entries.map((entry) => [entry.id, entry])), base);
  return {
    ...emptyManifest(),
    ...base,
    models,
    interrupted: interrupted.map((entry) => entry.id),
    aliases: Object.fromEntries(
      Object.values(models).flatMap(({ id, alias }) => alias ? [[alias, id]] : []),
    ),
  };
}

/** Every entry with the alias that is left to it. What the map says and entries deny is older. */
function withOneHolder(
  models: Record<string, ModelEntry>,
  base: Manifest,
): Record<string, ModelEntry> {
  const confirmed = Object.entries(base.aliases)
    .filter(([alias]) => isConfirmed(models, base.aliases, alias));
  const aliases = Object.fromEntries(confirmed);
  const agreed = agreeOnAliases({ models, aliases });
  const aliasOf = new Map(Object.entries(agreed.aliases).map(([alias, id]) => [id, alias]));
  const settled = Object.values(models).map((entry) => {
    const alias = aliasOf.get(entry.id) ?? null;
    if (alias === (entry.alias ?? null)) return entry;
    if (entry.alias) {
      const holder = aliasedId(agreed, entry.alias);
      log.warn(
        `alias ${JSON.stringify(entry.alias)} of model ${entry.id} stays with model ${holder}`,
      );
    }
    return { ...entry, alias };
  });
  return Object.fromEntries(settled.map((entry) => [entry.id, entry]));
}

function byCreation(a: ModelEntry, b: ModelEntry): number {
  return Date.parse(a.created_at ?? "") - Date.parse(b.created_at ?? "") || 0;
}
