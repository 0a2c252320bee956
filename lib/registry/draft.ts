import type { ModelEntry } from "./entry.ts";
import type { Manifest } from "./manifest.ts";

/** A change to a manifest that is being made: nothing shows until it is saved. */
export class ManifestDraft {
  /** The manifest with the changes so far. */
  readonly manifest: Manifest;
  readonly #changed = new Set<string>();
  #counted = false;

  constructor(base: Manifest) {
    this.manifest = {
      ...base,
      models: { ...base.models },
      interrupted: [...base.interrupted],
      aliases: { ...base.aliases },
      ...(base.stats === undefined ? {} : { stats: { ...base.stats } }),
    };
  }

  /** Is there anything to save? */
  get isChanged(): boolean {
    return this.#changed.size > 0 || this.#counted;
  }

  /** The entries that were put. */
  get changedEntries(): ModelEntry[] {
    return [...this.#changed].flatMap((id) => this.manifest.models[id] ?? []);
  }

  /** Add or replace an entry; its revision and the list of interrupted models follow. */
  put(entry: ModelEntry): void {
    const { models, interrupted } = this.manifest;
    const revision = (models[entry.id]?.revision ?? 0) + 1;
    models[entry.id] = { ...entry, revision };
    const place = interrupted.indexOf(entry.id);
    if (entry.status === "interrupted" && place < 0) interrupted.push(entry.id);
    if (entry.status !== "interrupted" && place >= 0) interrupted.splice(place, 1);
    this.#changed.add(entry.id);
  }

  /** Count an operation in the manifest's `stats`. */
  count(operation: string): void {
    const stats = this.manifest.stats ?? {};
    stats[operation] = (stats[operation] ?? 0) + 1;
    this.manifest.stats = stats;
    this.#counted = true;
  }
}
