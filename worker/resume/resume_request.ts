/**
 * From the name of a model to the job that resumes it.
 *
 * @module
 */
import { resolve } from "node:path";
import { NotFoundError } from "../../lib/errors.ts";
import { isFile } from "../../lib/files/file_info.ts";
import { type ModelSpec, overridesOf, type TrainSpec } from "../../lib/protocol/job_spec.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { resume } from "../../lib/registry/transitions.ts";
import { readTrainConfig, type TrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { jobIdOf, newJobId } from "../../lib/training/job_id.ts";
import type { TrainRequest } from "../../lib/training/train_request.ts";
import { checkedCheckpoint, NothingLeftError } from "./checkpoint.ts";
import { type OldJob, readOldJob } from "./old_job.ts";
import { refuseIfResumed } from "./taken.ts";

/** How a model is resumed. */
export interface ResumeOptions {
  /** Begin again from epoch 0, whatever became of the checkpoint. */
  restart: boolean;
  /** Total number of epochs of the named model. @default {as before} */
  maxEpochs?: number | undefined;
  /** Submitting twice with the same key gives the same job. */
  idempotencyKey?: string | undefined;
}

/**
 * Check whether a model can be resumed, and describe the job that does it: the model goes on, then
 * the models of its job that were never begun are trained.
 *
 * @param name ID, or at least 4 characters of it
 * @throws {NotFoundError} for an unknown model, or one whose checkpoint, configuration or labels are
 *   gone
 * @throws {ConflictError} while the model is trained, while a job waits that is to resume it, or when
 *   its checkpoint is another file now
 * @throws {UsageError} when nothing is left to train
 */
export async function resumeRequest(
  registry: ModelRegistry,
  name: string,
  { restart, maxEpochs, idempotencyKey }: ResumeOptions,
): Promise<TrainRequest> {
  const entry = await registry.resolve(name);
  const jobId = idempotencyKey === undefined ? newJobId() : jobIdOf(idempotencyKey);
  resume(entry, { jobId, modelIndex: 0, restart });
  await refuseIfResumed(registry.root, entry.id, "resume", jobId);
  const old = await readOldJob(entry, registry);
  const model = maxEpochs === undefined ? old.model : { ...old.model, max_epochs: maxEpochs };
  const total = overridesOf(model, old).max_epochs ?? configOf(old, model).maxEpochs;
  const goesOn = restart || await hasMore(entry, total, old, registry);
  const models = goesOn
    ? [{ ...model, resume: resumeOf(entry, restart) }, ...old.pending]
    : old.pending;
  await checkLabels(old, models);
  const { labels_path, val_labels_path, base_dir } = old.labels;
  const spec: TrainSpec = {
    version: 1,
    job_id: jobId,
    type: "train",
    created_at: new Date().toISOString(),
    models,
    labels_path,
    val_labels_path,
    base_dir,
    overrides: old.overrides,
    resumed_from: old.jobId,
    idempotency_key: idempotencyKey ?? null,
  };
  const used = new Set(models.map(({ config }) => config));
  const configs = new Map([...old.configs].filter(([config]) => used.has(config)));
  return { spec, configs, warnings: goesOn ? [] : [onlyPending(entry, models)] };
}

/** With how the model stands now: should that change while the job waits, it must not go on. */
function resumeOf(entry: ModelEntry, restart: boolean): NonNullable<ModelSpec["resume"]> {
  return {
    model_id: entry.id,
    restart,
    job_id: entry.job_id ?? null,
    abandoned: entry.status === "abandoned",
  };
}

/** Is something of the model itself left to train? Where not, its job's other models may be. */
async function hasMore(
  entry: ModelEntry,
  maxEpochs: number | null,
  old: OldJob,
  registry: ModelRegistry,
): Promise<boolean> {
  try {
    await checkedCheckpoint(entry, maxEpochs, registry);
    return true;
  } catch (error) {
    if (error instanceof NothingLeftError && old.pending.length > 0) return false;
    throw error;
  }
}

function onlyPending({ id, model_type }: ModelEntry, models: readonly ModelSpec[]): string {
  const types = models.map((model) => model.model_type).join(", ");
  return `${model_type} ${id} has all its epochs: its job goes on with ${types}`;
}

/** The trainer says so, too, but only when the model is taken up. */
async function checkLabels(old: OldJob, models: readonly ModelSpec[]): Promise<void> {
  const { labels_path, val_labels_path, base_dir } = old.labels;
  for (const model of models) {
    const config = configOf(old, model);
    const train = labels_path === null ? config.trainLabels : [labels_path];
    // The paths in a package are the exporting machine's.
    const named = model.dataset?.toLowerCase().endsWith(".zip") ? [] : config.valLabels;
    const val = val_labels_path === null ? named : [val_labels_path];
    for (const path of [...train, ...val].filter((path) => !path.includes("${"))) {
      const absolute = resolve(base_dir, path);
      if (await isFile(absolute)) continue;
      throw new NotFoundError(`Cannot read "${absolute}": there is no such file`, {
        hint: "The training that is to go on uses these labels: bring the file back.",
      });
    }
  }
}

function configOf(old: OldJob, { config, script_overrides }: ModelSpec): TrainConfig {
  return readTrainConfig(old.configs.get(config) ?? "", config).withOverrides(script_overrides);
}
