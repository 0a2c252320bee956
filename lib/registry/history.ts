/**
 * What became of a model: the changes of its status, as its entry tells them.
 *
 * @module
 */
import type { ModelEntry } from "./entry.ts";

/** A model that loses its connection again and again must not fill the manifest. */
const FIRST_KEPT = 20;
const LAST_KEPT = 80;

/**
 * An entry with the change of its status in its history; the same entry where the status stays.
 *
 * @param now UTC, ISO 8601 with `Z`
 */
export function withHistory(before: ModelEntry, after: ModelEntry, now: string): ModelEntry {
  const isSame = before.status === after.status && before.job_id === after.job_id &&
    (before.running ?? false) === (after.running ?? false);
  if (isSame) return after;
  const change = {
    time: now,
    status: after.status ?? "unknown",
    ...(after.running ? { running: true } : {}),
    ...(after.reason ? { reason: after.reason } : {}),
    ...(after.job_id ? { job_id: after.job_id } : {}),
  };
  const history = [...before.history ?? [], change];
  if (history.length <= FIRST_KEPT + LAST_KEPT) return { ...after, history };
  return { ...after, history: [...history.slice(0, FIRST_KEPT), ...history.slice(-LAST_KEPT)] };
}

/** A training broke off: what takes the model up now is a resume, and not an extension. */
export function isBroken(status: string | null | undefined): boolean {
  return status === "interrupted" || status === "failed";
}

/** When the model had been completed before the job that trains it now took it up; null: it was not. */
export function completedBefore({ history, job_id }: ModelEntry): string | null {
  const changes = history ?? [];
  const takenUp = changes.findIndex((change) => change.job_id === job_id);
  const before = changes[takenUp - 1];
  return before?.status === "completed" ? before.time : null;
}

/** Had its training broken off when the job that trains it now took the model up? */
export function wasBroken({ history, job_id }: ModelEntry): boolean {
  const changes = history ?? [];
  const takenUp = changes.findIndex((change) => change.job_id === job_id);
  return isBroken(changes[takenUp - 1]?.status);
}
