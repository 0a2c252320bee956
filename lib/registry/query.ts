/**
 * Which entries a reader wants to see, and in which order.
 *
 * @module
 */
import type { ModelEntry } from "./entry.ts";

/** What entries can be sorted by. */
export const SORT_KEYS = ["date", "name", "type", "loss"] as const;
/** What entries can be sorted by. */
export type SortKey = typeof SORT_KEYS[number];

/** A reader's wish. */
export interface ModelQuery {
  /** Text that must occur in ID, alias, run name, type, data set, tags or notes, in any case. */
  search?: string | undefined;
  /** @default {"date"}: newest first; names and types ascending, losses lowest first, unknown last */
  sort?: SortKey | undefined;
  /** Turn the order round. */
  reverse?: boolean | undefined;
  /** At most so many. */
  limit?: number | undefined;
}

/** The entries of a query; they are given newest first, as `ModelRegistry.list` gives them. */
export function queryModels(entries: readonly ModelEntry[], query: ModelQuery): ModelEntry[] {
  const { search } = query;
  const found = search === undefined
    ? [...entries]
    : entries.filter((entry) => matches(entry, search.toLowerCase()));
  const sorted = found.sort(comparison(query.sort ?? "date"));
  if (query.reverse) sorted.reverse();
  return query.limit === undefined ? sorted : sorted.slice(0, query.limit);
}

/** Lowest validation loss; null where none is known. */
export function bestLoss(entry: ModelEntry): number | null {
  const { best_val_loss, final_val_loss } = entry.metrics ?? {};
  const loss = best_val_loss ?? final_val_loss;
  return typeof loss === "number" ? loss : null;
}

/** How many epochs are finished, as a count; null where none is known to be. */
export function epochCount(entry: ModelEntry): number | null {
  const completed = entry.metrics?.["epochs_completed"];
  if (typeof completed === "number") return completed;
  return typeof entry.last_epoch === "number" ? entry.last_epoch + 1 : null;
}

function matches(entry: ModelEntry, wanted: string): boolean {
  const { id, alias, run_name, model_type, notes, tags, metadata } = entry;
  const texts = [id, alias, run_name, model_type, notes, metadata?.["dataset"], ...(tags ?? [])];
  return texts.some((text) => typeof text === "string" && text.toLowerCase().includes(wanted));
}

function comparison(key: SortKey): (a: ModelEntry, b: ModelEntry) => number {
  switch (key) {
    case "date":
      return () => 0;
    case "name":
      return (a, b) => compareTexts(a.run_name, b.run_name);
    case "type":
      return (a, b) => compareTexts(a.model_type, b.model_type);
    case "loss":
      return (a, b) => (bestLoss(a) ?? Infinity) - (bestLoss(b) ?? Infinity) || 0;
  }
}

/** `run_2` before `run_10`, in any case; what has no text comes last. The same on every machine. */
function compareTexts(a: string | null | undefined, b: string | null | undefined): number {
  if (!a || !b) return Number(!a) - Number(!b);
  return a.localeCompare(b, "en", { numeric: true });
}
