/**
 * What only the machine that holds a registry can tell of its models.
 *
 * @module
 */
import { hostname } from "node:os";
import type { LocatedModel } from "../../lib/registry/located_model.ts";
import { messageOf } from "../../lib/errors.ts";
import { isFile } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { JobFolder } from "../job_folder.ts";
import { type JobLife, lifeOf } from "../job_life.ts";

const log = logger("registry");
const WITH_SUPERVISOR = new Set<JobLife>(["alive", "elsewhere", "newer"]);

/** {@linkcode locateModel} for many entries. */
export async function locateModels(
  registry: ModelRegistry,
  entries: readonly ModelEntry[],
): Promise<LocatedModel[]> {
  return await Promise.all(entries.map((entry) => locateModel(registry, entry)));
}

/** Look at the checkpoint of an entry, and while it is trained at the lock of its job. */
export async function locateModel(
  registry: ModelRegistry,
  entry: ModelEntry,
): Promise<LocatedModel> {
  return {
    entry,
    checkpointExists: await registry.checkpointExists(entry),
    supervised: !isRunning(entry) || await isSupervised(registry, entry),
    location: { host: hostname(), root: registry.root },
  };
}

/** The paths in an entry, as stored, whose file is not there. */
export async function findMissingFiles(
  registry: ModelRegistry,
  entry: ModelEntry,
): Promise<Set<string>> {
  const { checkpoint_path, last_checkpoint_path, config_path } = entry;
  const missing = new Set<string>();
  for (const path of new Set([checkpoint_path, last_checkpoint_path, config_path])) {
    if (path && !(await isFile(registry.absolutePath(path)))) missing.add(path);
  }
  return missing;
}

/** Another user's job cannot be looked at and counts as alive. */
async function isSupervised(registry: ModelRegistry, entry: ModelEntry): Promise<boolean> {
  const folder = JobFolder.of(registry.root, entry.job_id);
  if (folder === null) return false;
  try {
    if (WITH_SUPERVISOR.has(await lifeOf(folder))) return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return true;
    log.warn(`cannot look at job ${folder.jobId}: ${messageOf(error)}`);
    return false;
  }
  // The entry is booked before the lock is freed: a training that ended meanwhile has lost nobody.
  const now = await registry.get(entry.id);
  return now === null || !isRunning(now);
}
