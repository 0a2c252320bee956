/**
 * What lies in a root and is needed by nothing: found, and removed while no job can begin to need it.
 *
 * @module
 */
import { isFile } from "../../lib/files/file_info.ts";
import { treeSize } from "../../lib/files/tree_size.ts";
import { recordPath } from "../../lib/protocol/prediction_record.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { moveOutOfTheWay } from "../../lib/registry/removal.ts";
import { JobFolder } from "../job_folder.ts";
import { lifeOf } from "../job_life.ts";
import { lockIfFree } from "../recovery.ts";
import { removeForGood } from "./delete_model.ts";
import { unneededAttempts } from "./garbage/attempts.ts";
import { endedJobs } from "./garbage/jobs.ts";
import { leftovers } from "./garbage/leftovers.ts";
import { givenUpModels } from "./garbage/models.ts";
import { unreferencedUploads } from "./garbage/uploads.ts";
import { needsOfJobs, needsPath } from "./job_needs.ts";
import { whileNoJobIsWritten } from "./jobs_lock.ts";

/** What something was; stable names for scripts. */
export type GarbageKind = "model" | "attempt" | "upload" | "predictions" | "job" | "leftover";

/** Something that can be removed. */
export interface Garbage {
  kind: GarbageKind;
  /** Absolute path. */
  path: string;
  /** What it is, for people. */
  what: string;
  /** ID of the model that it belongs to; null: none. */
  model: string | null;
  /** ID of the job that it belongs to; null: none. */
  job: string | null;
}

/** {@linkcode Garbage} and its size. */
export interface MeasuredGarbage extends Garbage {
  bytes: number;
}

/** What counts as garbage. */
export interface GarbageOptions {
  /** Only what has ended, or was written, so many days ago or earlier. @default {whatever its age} */
  olderThanDays?: number | undefined;
  /** Folders of jobs that have ended, too. @default {false} */
  jobs?: boolean | undefined;
}

/**
 * Look for garbage. Nothing is changed.
 *
 * @throws {ConflictError} when it cannot be told what some job needs
 */
export async function findGarbage(
  registry: ModelRegistry,
  options: GarbageOptions,
): Promise<Garbage[]> {
  const needs = await needsOfJobs(registry.root);
  const entries = await registry.list();
  const look = { registry, needs, options, entries };
  const models = givenUpModels(look);
  const gone = new Set(models.map(({ model }) => model));
  const staying = { ...look, entries: entries.filter(({ id }) => !gone.has(id)) };
  const found = [
    ...models,
    ...await unneededAttempts(staying),
    ...await unreferencedUploads(staying),
    ...await endedJobs(staying),
    ...await leftovers(look),
  ];
  return found.filter(({ path }) => !needs.some((job) => needsPath(job, path)));
}

/** Measure garbage. */
export async function measureGarbage(found: readonly Garbage[]): Promise<MeasuredGarbage[]> {
  const measured: MeasuredGarbage[] = [];
  for (const garbage of found) {
    const record = garbage.kind === "predictions" ? recordPath(garbage.path) : null;
    const bytes = await treeSize(garbage.path) + (record === null ? 0 : await treeSize(record));
    measured.push({ ...garbage, bytes });
  }
  return measured;
}

/**
 * Remove garbage; what a job has begun to need since it was found stays.
 *
 * @returns what was removed
 * @throws {ConflictError} when it cannot be told what some job needs
 * @throws {SleapRtcError} when something cannot be removed
 */
export async function removeGarbage<G extends Garbage>(
  registry: ModelRegistry,
  wanted: readonly G[],
  options: GarbageOptions,
): Promise<G[]> {
  const remains: string[] = [];
  const removed = await whileNoJobIsWritten(registry.root, async () => {
    const still = new Set((await findGarbage(registry, options)).map(({ path }) => path));
    const taken: G[] = [];
    for (const garbage of wanted.filter(({ path }) => still.has(path))) {
      const paths = await takeAway(registry, garbage);
      if (paths === null) continue;
      remains.push(...paths);
      taken.push(garbage);
    }
    return taken;
  });
  for (const path of remains) await removeForGood(path);
  return removed;
}

/** What is left to remove, under names that nothing looks for; null: it stays after all. */
async function takeAway(
  registry: ModelRegistry,
  { kind, path, model }: Garbage,
): Promise<string[] | null> {
  if (kind === "leftover") return [path];
  if (kind === "job") return await takeJobAway(new JobFolder(path));
  if (kind === "model") {
    const { remains } = await registry.remove(model ?? "");
    return remains === null ? [] : [remains];
  }
  if (kind === "predictions") await removeForGood(recordPath(path));
  if (await isFile(path)) {
    await removeForGood(path);
    return [];
  }
  const moved = await moveOutOfTheWay(path);
  return moved === null ? [] : [moved];
}

/** Whoever books or recovers a job holds its lock. */
async function takeJobAway(folder: JobFolder): Promise<string[] | null> {
  if (await lifeOf(folder) !== "ended") return null;
  const lock = await lockIfFree(folder);
  if (lock === null) return null;
  try {
    const moved = await moveOutOfTheWay(folder.path);
    return moved === null ? [] : [moved];
  } finally {
    lock.release();
  }
}
