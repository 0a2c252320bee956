import { NotFoundError } from "../errors.ts";
import { editDistance } from "../edit_distance.ts";
import type { ModelEntry } from "./entry.ts";

/** Shortest prefix of an ID that names a model. */
export const MIN_PREFIX_LENGTH = 4;

/**
 * The model that a person means: exact ID first, then an unambiguous prefix of at least 4 characters.
 *
 * @throws {NotFoundError} when nothing fits, with the nearest IDs, or more than one model does
 */
export function resolveModel(models: Record<string, ModelEntry>, name: string): ModelEntry {
  const wanted = name.trim().toLowerCase();
  const exact = Object.hasOwn(models, wanted) ? models[wanted] : undefined;
  if (exact !== undefined) return exact;
  const ids = Object.keys(models);
  const candidates = wanted.length < MIN_PREFIX_LENGTH
    ? []
    : ids.filter((id) => id.startsWith(wanted));
  const [only, ...others] = candidates;
  if (only === undefined) throw unknownError(name, wanted, ids);
  if (others.length > 0) throw ambiguousError(name, candidates);
  return models[only] as ModelEntry;
}

function ambiguousError(name: string, candidates: string[]): NotFoundError {
  const sorted = candidates.toSorted();
  const shown = sorted.slice(0, 10).join(", ") + (sorted.length > 10 ? ", …" : "");
  return new NotFoundError(`"${name}" is ambiguous: it begins ${sorted.length} model IDs`, {
    hint: `Name one of: ${shown}`,
  });
}

function unknownError(name: string, wanted: string, ids: string[]): NotFoundError {
  const near = nearest(wanted, ids);
  const hint = near.length > 0
    ? `Did you mean ${near.join(" or ")}?`
    : wanted.length < MIN_PREFIX_LENGTH && wanted.length > 0
    ? `A prefix needs at least ${MIN_PREFIX_LENGTH} characters. All models: sleap-rtc list-models`
    : "All models: sleap-rtc list-models";
  return new NotFoundError(`No model "${name}" in this registry`, { hint });
}

function nearest(wanted: string, ids: string[]): string[] {
  if (wanted.length < MIN_PREFIX_LENGTH) return [];
  return ids
    .map((id) => ({ id, distance: editDistance(wanted, id.slice(0, Math.max(8, wanted.length))) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    .slice(0, 3)
    .map(({ id }) => id);
}
