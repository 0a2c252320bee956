import * as v from "valibot";
import { UsageError } from "../errors.ts";
import { bookAlias } from "./aliases.ts";
import { type ModelEntry, ModelEntrySchema } from "./entry.ts";
import { MAX_DEPTH, outlineJson } from "./json_outline.ts";
import { LONGEST_ENTRY } from "./salvage.ts";
import { describeIssues, type Manifest } from "./manifest.ts";

/** A change to a manifest that is being made: nothing shows until it is saved. */
export class ManifestDraft {
  /** The manifest with the changes so far. */
  readonly manifest: Manifest;
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
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
    return this.#changed.size > 0 || this.#removed.size > 0 || this.#counted;
  }

  /** Was an entry removed? Then no earlier version may bring it back. */
  get hasRemoved(): boolean {
    return this.#removed.size > 0;
  }

  /** The entries that were put. */
  get changedEntries(): ModelEntry[] {
    return [...this.#changed].flatMap((id) => this.manifest.models[id] ?? []);
  }

  /**
   * Add or replace an entry; its revision, the list of interrupted models and the aliases follow.
   *
   * @throws {UsageError} when it is no entry: the manifest would be damaged for the next reader; or
   *   its new alias is none
   * @throws {ConflictError} when another model has its new alias
   */
  put(entry: ModelEntry): void {
    const { models, interrupted } = this.manifest;
    const before = models[entry.id];
    const stored = storedForm({ ...entry, revision: (before?.revision ?? 0) + 1 });
    const change = { before: before?.alias ?? null, after: stored.alias ?? null };
    bookAlias(this.manifest, entry.id, change);
    models[entry.id] = stored;
    if (entry.status !== "interrupted") {
      this.manifest.interrupted = interrupted.filter((id) => id !== entry.id);
    } else if (!interrupted.includes(entry.id)) {
      interrupted.push(entry.id);
    }
    this.#changed.add(entry.id);
  }

  /** Remove an entry, and its alias with it. */
  remove(id: string): void {
    const { models, interrupted, aliases } = this.manifest;
    delete models[id];
    this.manifest.interrupted = interrupted.filter((one) => one !== id);
    for (const [alias, named] of Object.entries(aliases)) if (named === id) delete aliases[alias];
    this.#changed.delete(id);
    this.#removed.add(id);
  }

  /** Count an operation in the manifest's `stats`. */
  count(operation: string): void {
    const stats = this.manifest.stats ?? {};
    stats[operation] = (stats[operation] ?? 0) + 1;
    this.manifest.stats = stats;
    this.#counted = true;
  }
}

/** The entry as it will be read again: shares nothing with the caller, has nothing JSON lacks. */
function storedForm(entry: ModelEntry): ModelEntry {
  const text = JSON.stringify(entry);
  const copy: ModelEntry = JSON.parse(text);
  const fault = faultOf(text, copy);
  if (fault !== null) throw new UsageError(`Cannot store model ${entry.id}: ${fault}`);
  // The schema's output lacks the keys that every object has, such as "constructor".
  return copy;
}

/** Why the next reader would call an entry damaged; null: it would not. */
function faultOf(text: string, entry: ModelEntry): string | null {
  if (text.length > LONGEST_ENTRY) {
    return `it has ${text.length} characters, and may have ${LONGEST_ENTRY}`;
  }
  // In the manifest it lies two levels deep.
  if (outlineJson(`[[${text}]]`).isTooDeep) return `it is nested deeper than ${MAX_DEPTH} levels`;
  const parsed = v.safeParse(ModelEntrySchema, entry);
  return parsed.success ? null : describeIssues(parsed);
}
