import { editDistance } from "../edit_distance.ts";
import { NotFoundError } from "../errors.ts";

/** Fewest digits of an ID that name a job. */
const MIN_DIGITS = 4;
const PREFIX = "job_";

/** The whole job ID that a person wrote, `job_` or not; null: it is not a whole one. */
export function wholeJobId(name: string): string | null {
  const id = withPrefix(name);
  return /^job_[0-9a-f]{8}$/.test(id) ? id : null;
}

/**
 * The job that a person means: its ID, or an unambiguous beginning of it, with or without `job_`.
 *
 * @param ids of all jobs there are
 * @param listCommand what lists all that may be meant, for the hint
 * @throws {NotFoundError} when nothing fits, with the nearest IDs, or more than one job does
 */
export function resolveJob(ids: readonly string[], name: string, listCommand: string): string {
  const wanted = withPrefix(name);
  const digits = wanted.length - PREFIX.length;
  const fitting = digits < MIN_DIGITS ? [] : ids.filter((id) => id.startsWith(wanted));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined) {
    const shown = fitting.slice(0, 10).join(", ") + (fitting.length > 10 ? ", …" : "");
    throw new NotFoundError(`"${name}" is ambiguous: it begins ${fitting.length} job IDs`, {
      hint: `Name one of: ${shown}`,
    });
  }
  const near = digits < MIN_DIGITS ? [] : nearest(wanted, ids);
  const all = `All jobs: ${listCommand}`;
  const hint = near.length > 0
    ? `Did you mean ${near.join(" or ")}?`
    : digits > 0 && digits < MIN_DIGITS
    ? `At least ${MIN_DIGITS} digits are needed. ${all}`
    : all;
  throw new NotFoundError(`There is no job "${name}"`, { hint });
}

function withPrefix(name: string): string {
  const text = name.trim().toLowerCase();
  return text.startsWith(PREFIX) ? text : PREFIX + text;
}

function nearest(wanted: string, ids: readonly string[]): string[] {
  return ids
    .map((id) => ({ id, distance: editDistance(wanted, id.slice(0, Math.max(12, wanted.length))) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    .slice(0, 3)
    .map(({ id }) => id);
}
