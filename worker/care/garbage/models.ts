/**
 * Models that nobody wants any more.
 *
 * @module
 */
import type { ModelEntry } from "../../../lib/registry.ts";
import { ownFolder } from "../../../lib/registry/removal.ts";
import { isRunning } from "../../../lib/registry/transitions.ts";
import type { Garbage } from "../garbage.ts";
import { needOf } from "../job_needs.ts";
import { isOld, type Look } from "./look.ts";

/** Abandoned and failed models that no job needs. */
export function givenUpModels({ registry: { root }, needs, options, entries }: Look): Garbage[] {
  return entries.flatMap((entry): Garbage[] => {
    const { id, status, model_type } = entry;
    const isGivenUp = status === "abandoned" || status === "failed";
    const path = ownFolder(root, entry);
    if (!isGivenUp || isRunning(entry) || path === null || !isOld(endedAt(entry), options)) {
      return [];
    }
    if (needs.some((job) => needOf(job, root, entry) !== null)) return [];
    const what = `${status} ${model_type} model ${id}`;
    return [{ kind: "model", path, what, model: id, job: null }];
  });
}

/** When its status changed last, in milliseconds since 1970. */
function endedAt({ history, failed_at, created_at }: ModelEntry): number {
  return Date.parse(history?.at(-1)?.time ?? failed_at ?? created_at ?? "") || 0;
}
