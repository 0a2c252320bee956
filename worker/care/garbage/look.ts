/**
 * What all who look for garbage are given.
 *
 * @module
 */
import type { ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import type { GarbageOptions } from "../garbage.ts";
import type { JobNeeds } from "../job_needs.ts";

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** What is looked at. */
export interface Look {
  registry: ModelRegistry;
  /** What jobs that have not ended need. */
  needs: readonly JobNeeds[];
  options: GarbageOptions;
  entries: readonly ModelEntry[];
}

/**
 * Is a moment long enough ago?
 *
 * @param time in milliseconds since 1970
 * @param atLeastMs what counts as young whatever the options say, in milliseconds
 */
export function isOld(time: number, { olderThanDays }: GarbageOptions, atLeastMs = 0): boolean {
  return time <= Date.now() - Math.max((olderThanDays ?? 0) * DAY_MS, atLeastMs);
}
