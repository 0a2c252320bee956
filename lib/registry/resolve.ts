import { NotFoundError } from "../errors.ts";
import { editDistance } from "../edit_distance.ts";
import { aliasedId, holderOf } from "./aliases.ts";
import type { ModelEntry } from "./entry.ts";
import type { Manifest } from "./manifest.ts";

/** Shortest prefix of an ID that names a model. */
export const MIN_PREFIX_LENGTH = 4;

const MAX_SLIPS = 2;

/**
 * The model that a person means: exact ID first, then exact alias, then an unambiguous prefix of an
 * ID of at least 4 characters. IDs may be written in any case, aliases not.
 *
 * @throws {NotFoundError} when nothing fits, with the nearest names; when more than one model does;
 *   or when the alias is one of a model that is gone
 */
export function resolveModel(
  manifest: Pick<Manifest, "models" | "aliases">,
  name: string,
): ModelEntry {
  const { models, aliases } = manifest;
  const wanted = name.trim().toLowerCase();
  const exact = Object.hasOwn(models, wanted) ? models[wanted] : undefined;
  if (exact !== undefined) return exact;
  const holder = holderOf(manifest, name.trim());
  if (holder !== undefined) return holder;
  const gone = aliasedId(manifest, name.trim());
  if (gone !== undefined) throw goneError(name.trim(), gone);
  const ids = Object.keys(models);
  const candidates = wanted.length < MIN_PREFIX_LENGTH
    ? []
    : ids.filter((id) => id.startsWith(wanted));
  const [only, ...others] = candidates;
  if (only === undefined) throw unknownError(name, wanted, [...ids, ...Object.keys(aliases)]);
  if (others.length > 0) throw ambiguousError(name, candidates);
  return models[only] as ModelEntry;
}

function goneError(alias: string, id: string): NotFoundError {
  return new NotFoundError(`Alias "${alias}" names model ${id}, which is gone`, {
    hint: "All models: sleap-rtc list-models",
  });
}

function ambiguousError(name: string, candidates: string[]): NotFoundError {
  const sorted = candidates.toSorted();
  const shown = sorted.slice(0, 10).join(", ") + (sorted.length > 10 ? ", …" : "");
  return new NotFoundError(`"${name}" is ambiguous: it begins ${sorted.length} model IDs`, {
    hint: `Name one of: ${shown}`,
  });
}

function unknownError(name: string, wanted: string, names: string[]): NotFoundError {
  const near = nearest(wanted, names);
  const hint = near.length > 0
    ? `Did you mean ${near.join(" or ")}?`
    : wanted.length < MIN_PREFIX_LENGTH && wanted.length > 0
    ? `A prefix needs at least ${MIN_PREFIX_LENGTH} characters. All models: sleap-rtc list-models`
    : "All models: sleap-rtc list-models";
  return new NotFoundError(`No model "${name}" in this registry`, { hint });
}

/** IDs and aliases that differ by slips of the keyboard or in case, or begin with what was typed. */
function nearest(wanted: string, names: string[]): string[] {
  if (wanted.length < MIN_PREFIX_LENGTH) return [];
  return names
    .map((name) => ({ name, distance: slips(wanted, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= MAX_SLIPS)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** An ID's suffix and the rest of a long alias count only where they were typed. */
function slips(wanted: string, name: string): number {
  if (name.startsWith(wanted)) return 0;
  return editDistance(wanted, name.slice(0, Math.max(8, wanted.length)));
}
