/**
 * Which model has which alias: the manifest's map `aliases` and the field `alias` of its entries,
 * which change together.
 *
 * @module
 */
import { ConflictError } from "../errors.ts";
import { logger } from "../log.ts";
import { checkAlias, nextVersion } from "./alias_rules.ts";
import type { ManifestDraft } from "./draft.ts";
import type { ModelEntry } from "./entry.ts";
import type { Manifest } from "./manifest.ts";

const log = logger("registry");

type Naming = Pick<Manifest, "models" | "aliases">;

/** One alias of a registry. */
export interface AliasListing {
  alias: string;
  /** ID of the model that it names. */
  id: string;
  /** Null: that model is gone, or its type is not known. */
  modelType: string | null;
}

/** The ID that an alias stands for, whether there is such a model or not. */
export function aliasedId({ aliases }: Naming, alias: string): string | undefined {
  return Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
}

/** The model that has an alias. */
export function holderOf(naming: Naming, alias: string): ModelEntry | undefined {
  const id = aliasedId(naming, alias);
  return id !== undefined && Object.hasOwn(naming.models, id) ? naming.models[id] : undefined;
}

/** All aliases, in alphabetical order. */
export function listAliases({ aliases, models }: Naming): AliasListing[] {
  return Object.entries(aliases)
    .map(([alias, id]) => {
      const modelType = Object.hasOwn(models, id) ? models[id]?.model_type : null;
      return { alias, id, modelType: modelType ?? null };
    })
    .sort((a, b) => a.alias < b.alias ? -1 : 1);
}

/**
 * Check that a new model can have an alias.
 *
 * @throws {UsageError} when it is none
 * @throws {ConflictError} when another model has it
 */
export function checkFreeAlias(naming: Naming, alias: string): void {
  checkAlias(alias);
  const holder = holderOf(naming, alias);
  if (holder === undefined) return;
  throw takenError(
    naming,
    alias,
    holder,
    (free) =>
      `Choose another ("${free}" is free), or move it when the model is there: ` +
      "sleap-rtc tag-model MODEL --alias NAME --force",
  );
}

/**
 * The alias that a model gets when it is registered: a name is no reason not to train, so that one
 * which is taken meanwhile is a warning in the log.
 *
 * @throws {UsageError} when it is none
 */
export function aliasOfNew(naming: Naming, id: string, alias: string | null): string | null {
  if (alias === null) return null;
  checkAlias(alias);
  const holder = holderOf(naming, alias);
  if (holder === undefined) return alias;
  log.warn(`alias "${alias}" is taken by model ${holder.id}: model ${id} is registered without it`);
  return null;
}

/**
 * Give a model an alias, in place of the one it has.
 *
 * @param force take it from the model that has it; which one it was is in the log
 * @returns ID of the model that had it; null: none had
 * @throws {UsageError} when it is none
 * @throws {ConflictError} when another model has it, without `force`
 */
export function assignAlias(
  draft: ManifestDraft,
  entry: ModelEntry,
  alias: string,
  force: boolean,
): string | null {
  const holder = holderOf(draft.manifest, alias);
  const isTaken = holder !== undefined && holder.id !== entry.id;
  if (isTaken && force) draft.put({ ...holder, alias: null });
  if (entry.alias !== alias) draft.put({ ...entry, alias });
  if (!isTaken) return null;
  log.warn(`alias "${alias}" is taken from model ${holder.id} and given to model ${entry.id}`);
  return holder.id;
}

/**
 * Book in the map that an entry's alias changes; a model has at most one.
 *
 * @throws {UsageError} when the new one is no alias
 * @throws {ConflictError} when another model has it
 */
export function bookAlias(
  naming: Naming,
  id: string,
  change: { before: string | null; after: string | null },
): void {
  const { before, after } = change;
  if (before === after) return;
  const { aliases } = naming;
  if (after !== null) {
    checkAlias(after);
    const holder = holderOf(naming, after);
    if (holder !== undefined && holder.id !== id) {
      throw takenError(
        naming,
        after,
        holder,
        (free) => `Move it to model ${id} with --force, or choose another: "${free}" is free.`,
      );
    }
  }
  for (const [alias, named] of Object.entries(aliases)) if (named === id) delete aliases[alias];
  if (after !== null) aliases[after] = id;
}

/**
 * Let the map of a manifest and its entries say the same: files of other programs may name a model in
 * one place alone. Of several models that claim an alias the one in the map has it, else the newest.
 *
 * @returns both, as they were where they agree
 */
export function agreeOnAliases({ models, aliases: known }: Naming): Naming {
  const claimed = claimedAliases(models, known);
  const aliases = Object.keys(claimed).length === 0 ? known : { ...known, ...claimed };
  const unnamed = Object.entries(aliases).flatMap(([alias, id]): [string, ModelEntry][] => {
    const holder = Object.hasOwn(models, id) ? models[id] : undefined;
    return holder && !holder.alias ? [[id, { ...holder, alias }]] : [];
  });
  if (unnamed.length === 0) return { models, aliases };
  return { models: { ...models, ...Object.fromEntries(unnamed) }, aliases };
}

/** What entries say of themselves and the map lacks. */
function claimedAliases(
  models: Record<string, ModelEntry>,
  known: Record<string, string>,
): Record<string, string> {
  const claims = Object.values(models).filter(({ id, alias }) =>
    alias && aliasedId({ models, aliases: known }, alias) !== id &&
    !isConfirmed(models, known, alias)
  );
  const created = ({ created_at }: ModelEntry) => Date.parse(created_at ?? "") || 0;
  return Object.fromEntries(
    claims.sort((a, b) => created(a) - created(b)).map(({ id, alias }) => [alias, id]),
  );
}

/** Does the model that the map names for an alias say nothing else of itself? */
export function isConfirmed(
  models: Record<string, ModelEntry>,
  aliases: Record<string, string>,
  alias: string,
): boolean {
  const holder = holderOf({ models, aliases }, alias);
  return holder !== undefined && (holder.alias === undefined || holder.alias === alias);
}

/** Which model has an alias, in words. */
export function takenText(alias: string, { id, model_type }: ModelEntry): string {
  return `Alias "${alias}" is taken by ${model_type ? `${model_type} ` : ""}model ${id}`;
}

function takenError(
  naming: Naming,
  alias: string,
  holder: ModelEntry,
  hintFor: (free: string) => string,
): ConflictError {
  const free = nextVersion(alias, (one) => holderOf(naming, one) !== undefined);
  return new ConflictError(takenText(alias, holder), { hint: hintFor(free) });
}
