import type { ModelEntry } from "./entry.ts";
import { emptyManifest, type Manifest } from "./manifest.ts";

/**
 * One manifest out of several sources of entries: for each ID the entry with the highest revision,
 * an earlier source before a later one.
 *
 * @param base root keys to keep (counters, keys of other programs)
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
  return {
    ...emptyManifest(),
    ...base,
    models: Object.fromEntries(entries.map((entry) => [entry.id, entry])),
    interrupted: interrupted.map((entry) => entry.id),
    aliases: Object.fromEntries(
      entries.flatMap((entry) => entry.alias ? [[entry.alias, entry.id]] : []),
    ),
  };
}

function byCreation(a: ModelEntry, b: ModelEntry): number {
  return Date.parse(a.created_at ?? "") - Date.parse(b.created_at ?? "") || 0;
}
