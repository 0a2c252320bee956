/**
 * What the jobs of a root that have not ended need: nothing of it may be removed.
 *
 * @module
 */
import { sep } from "node:path";
import { ConflictError, messageOf, NotFoundError } from "../../lib/errors.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { ownFolder } from "../../lib/registry/removal.ts";
import { JobFolder, type JobState } from "../job_folder.ts";
import { lifeOf } from "../job_life.ts";
import { uploadsNamedIn } from "./uploads_named.ts";

/** Why a job needs a model. */
export type Need = "resume" | "train" | "predict";

/** What a job that has not ended needs. */
export interface JobNeeds {
  jobId: string;
  /** Why, by the ID of the model. */
  models: ReadonlyMap<string, Need>;
  /** Absolute paths of files. */
  paths: readonly string[];
  /** Names of folders in `uploads/`. */
  uploads: ReadonlySet<string>;
}

/**
 * What the jobs of a root that wait or run need.
 *
 * @param root absolute path of the registry root
 * @throws {ConflictError} when one of them cannot be read: what it needs is not known
 */
export async function needsOfJobs(root: string): Promise<JobNeeds[]> {
  const needs = await Promise.all((await JobFolder.list(root)).map(needsOf));
  return needs.filter((one) => one !== null);
}

async function needsOf(folder: JobFolder): Promise<JobNeeds | null> {
  const { jobId } = folder;
  let life: Awaited<ReturnType<typeof lifeOf>> = "newer";
  try {
    life = await lifeOf(folder);
    if (life === "ended") return null;
    const [state, spec] = await Promise.all([folder.readState(), folder.readSpec()]);
    return {
      jobId,
      models: modelsOf(spec, state),
      paths: pathsOf(spec),
      uploads: await uploadsNamedIn(folder.path),
    };
  } catch (error) {
    // Nobody looks after it, and nobody can: it needs nothing any more.
    const isUnreadable = error instanceof ConflictError || error instanceof NotFoundError;
    if (life === "dead" && isUnreadable) return null;
    throw new ConflictError(`Cannot tell what job ${jobId} needs: ${messageOf(error)}`, {
      hint: "Wait until it has ended.",
      cause: error,
    });
  }
}

function modelsOf(spec: JobSpec, state: JobState): Map<string, Need> {
  if (spec.type === "track") {
    return new Map(
      spec.predictors.flatMap(({ model_id }) => model_id === null ? [] : [[model_id, "predict"]]),
    );
  }
  return new Map([
    ...spec.models.flatMap(({ resume }): [string, Need][] =>
      resume ? [[resume.model_id, "resume"]] : []
    ),
    ...state.models.flatMap(({ model_id }): [string, Need][] =>
      model_id === null ? [] : [[model_id, "train"]]
    ),
  ]);
}

function pathsOf(spec: JobSpec): string[] {
  if (spec.type === "train") {
    return [spec.labels_path, spec.val_labels_path].filter((path) => path !== null);
  }
  const ofModels = spec.predictors.flatMap((model) => [model.checkpoint_path, model.config_path]);
  return [...ofModels, spec.data_path];
}

/** Does a job need something in a folder, or the file itself? The path is absolute. */
export function needsPath({ paths }: JobNeeds, path: string): boolean {
  return paths.some((one) => one === path || one.startsWith(`${path}${sep}`));
}

const WHAT_FOR: Record<Need, string> = {
  resume: "is to resume it",
  train: "is not over, and has trained it",
  predict: "predicts with it",
};

/**
 * Refuse to delete a model that a job needs.
 *
 * @param root absolute path of the registry root
 * @throws {ConflictError} with the job's ID, and how to end it
 */
export async function refuseIfNeeded(root: string, entry: ModelEntry): Promise<void> {
  for (const job of await needsOfJobs(root)) {
    const need = needOf(job, root, entry);
    if (need === null) continue;
    throw new ConflictError(
      `Cannot delete model ${entry.id}: job ${job.jobId} ${WHAT_FOR[need]}`,
      { hint: `Wait for that job, or cancel it: sleap-rtc jobs cancel ${job.jobId}` },
    );
  }
}

/** Why a job needs a model; null: it does not. */
export function needOf(job: JobNeeds, root: string, entry: ModelEntry): Need | null {
  const folder = ownFolder(root, entry);
  const isRead = folder !== null && needsPath(job, folder);
  return job.models.get(entry.id) ?? (isRead ? "predict" : null);
}
