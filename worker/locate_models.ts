/**
 * What only the machine that holds a registry can tell of its models.
 *
 * @module
 */
import { hostname } from "node:os";
import { join } from "node:path";
import type { LocatedModel } from "../lib/client/model_status.ts";
import { isLocked } from "../lib/files/lock.ts";
import type { ModelEntry, ModelRegistry } from "../lib/registry.ts";

/** Look at the files of entries: checkpoints, and the locks of the jobs that train. */
export async function locateModels(
  registry: ModelRegistry,
  entries: readonly ModelEntry[],
): Promise<LocatedModel[]> {
  const location = { host: hostname(), root: registry.root };
  return await Promise.all(entries.map(async (entry) => ({
    entry,
    checkpointExists: await registry.checkpointExists(entry),
    supervised: entry.status !== "training" || await isSupervised(registry.root, entry),
    location,
  })));
}

/** Alive is who holds the job's lock; another user's job cannot be looked at and counts as alive. */
async function isSupervised(root: string, entry: ModelEntry): Promise<boolean> {
  if (!entry.job_id) return false;
  try {
    return await isLocked(join(root, "jobs", entry.job_id, "job.lock"));
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return true;
    throw error;
  }
}
