/**
 * What the attempts at a completed model left, and no later resume needs.
 *
 * @module
 */
import { join, sep } from "node:path";
import { sizeOf } from "../../../lib/files/file_info.ts";
import { sha256File } from "../../../lib/files/hash.ts";
import type { ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import { type Attempt, attemptsOf, attemptsSinceRestart } from "../../attempts/attempts.ts";
import type { Garbage } from "../garbage.ts";
import { needOf } from "../job_needs.ts";
import { isOld, type Look } from "./look.ts";

/**
 * Folders of attempts before the last restart, and of those since then the checkpoints that are
 * neither the newest one nor the published one: a further resume needs the others, and all logs.
 */
export async function unneededAttempts(look: Look): Promise<Garbage[]> {
  const found: Garbage[] = [];
  for (const entry of look.entries) {
    const isOurs = entry.status === "completed" && !entry.running &&
      isOld(Date.parse(entry.completed_at ?? "") || 0, look.options) &&
      !look.needs.some((job) => needOf(job, look.registry.root, entry) !== null);
    if (isOurs) found.push(...await attemptsOfCompleted(entry, look.registry));
  }
  return found;
}

async function attemptsOfCompleted(
  entry: ModelEntry,
  registry: ModelRegistry,
): Promise<Garbage[]> {
  const kept = keptPaths(entry, registry);
  const isKept = (path: string) => kept.some((one) => one === path || one.startsWith(path + sep));
  const since = attemptsSinceRestart(entry, registry);
  const first = since[0]?.number ?? 1;
  const before = attemptsOf(entry, registry)
    .filter(({ number }) => number > 1 && number < first)
    .map((attempt) => garbageOf(entry, attempt, attempt.folder, "of before the restart"));
  const later: Garbage[] = [];
  // The first attempt's folder is the model's own.
  for (const attempt of since.filter(({ number }) => number > 1)) {
    const last = join(attempt.folder, "last.ckpt");
    const best = join(attempt.folder, "best.ckpt");
    later.push(garbageOf(entry, attempt, last, "last.ckpt"));
    if (!(await isPublished(best, entry))) {
      later.push(garbageOf(entry, attempt, best, "best.ckpt"));
    }
  }
  const unneeded = [...before, ...later].filter(({ path }) => !isKept(path));
  const present = await Promise.all(unneeded.map(({ path }) => exists(path)));
  return unneeded.filter((_, index) => present[index]);
}

/** What the entry names stays. */
function keptPaths(entry: ModelEntry, registry: ModelRegistry): string[] {
  const { checkpoint_path, last_checkpoint_path, config_path } = entry;
  return [checkpoint_path, last_checkpoint_path, config_path]
    .flatMap((path) => path ? registry.absolutePath(path) : []);
}

function garbageOf(entry: ModelEntry, { number }: Attempt, path: string, of: string): Garbage {
  const what = `attempt ${number} at model ${entry.id}, ${of}`;
  return { kind: "attempt", path, what, model: entry.id, job: null };
}

/** Where nothing was measured, it may be. */
async function isPublished(best: string, { checkpoint }: ModelEntry): Promise<boolean> {
  if (!checkpoint?.sha256) return true;
  if (typeof checkpoint.bytes === "number" && await sizeOf(best) !== checkpoint.bytes) return false;
  return await sha256File(best).catch(() => checkpoint.sha256) === checkpoint.sha256;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
