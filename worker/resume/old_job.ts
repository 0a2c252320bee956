/**
 * How a model was trained before: out of its job's folder, or out of its own.
 *
 * @module
 */
import { join } from "node:path";
import { ConflictError, messageOf, NotFoundError } from "../../lib/errors.ts";
import { readTextOrNull } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { ModelSpec, TrainOverrides, TrainSpec } from "../../lib/protocol/job_spec.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { entryFolder } from "../../lib/registry/model_folder.ts";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { isFinalStatus, JobFolder } from "../job_folder.ts";
import { attemptFolder } from "../attempts/attempts.ts";
import { takenByRelatives } from "./taken.ts";

const log = logger("resume");

/** What is needed to train a model, and what was to follow it, again. */
export interface OldJob {
  /** Null: its folder is gone. */
  jobId: string | null;
  model: ModelSpec;
  /** The models of the job that were never registered, in order. */
  pending: ModelSpec[];
  /** Configurations by the names that the models give them. */
  configs: ReadonlyMap<string, string>;
  /** As in the job's description. */
  labels: Pick<TrainSpec, "labels_path" | "val_labels_path" | "base_dir">;
  overrides: TrainOverrides;
}

/**
 * Read the job that trained a model last; where its folder is gone, the complete configuration in
 * the model's folder does.
 *
 * @throws {NotFoundError} where that is gone, too
 */
export async function readOldJob(entry: ModelEntry, registry: ModelRegistry): Promise<OldJob> {
  return await fromJobFolder(entry, registry) ?? await fromModelFolder(entry, registry);
}

async function fromJobFolder(entry: ModelEntry, registry: ModelRegistry): Promise<OldJob | null> {
  const folder = JobFolder.of(registry.root, entry.job_id);
  if (folder === null) return null;
  try {
    const spec = await folder.readTrainSpec();
    const model = spec.models[entry.model_index ?? 0];
    if (model === undefined || model.model_type !== entry.model_type) return null;
    const pending = await pendingModels(folder, spec);
    const configs = new Map<string, string>();
    for (const { config } of [model, ...pending]) {
      configs.set(config, await folder.readConfig(config));
    }
    return {
      jobId: folder.jobId,
      model,
      pending,
      configs,
      labels: spec,
      overrides: spec.overrides,
    };
  } catch (error) {
    if (!isNoUse(error)) throw error;
    log.warn(`${messageOf(error)}: model ${entry.id} is resumed with what its own folder says`);
    return null;
  }
}

/** Those of a job that goes on are its own business, and so are those of its relatives. */
async function pendingModels(folder: JobFolder, spec: TrainSpec): Promise<ModelSpec[]> {
  const { status, models } = await folder.readState();
  if (!isFinalStatus(status)) return [];
  const pending = spec.models.filter((_, index) => (models[index]?.model_id ?? null) === null);
  if (pending.length === 0) return [];
  const taken = await takenByRelatives(folder.root, folder.jobId);
  return pending.filter(({ full_hash }) => !taken.has(full_hash));
}

async function fromModelFolder(entry: ModelEntry, registry: ModelRegistry): Promise<OldJob> {
  const stored = entryFolder(entry);
  const folder = stored === null ? null : registry.absolutePath(stored);
  const path = join(folder ?? registry.root, "config.yaml");
  const text = folder === null ? null : await readTextOrNull(path);
  if (folder === null || text === null) {
    throw new NotFoundError(
      `Cannot resume model ${entry.id}: neither its job's folder nor "${path}" is there`,
      { hint: "Train it anew: sleap-rtc train --config FILE.yaml --labels FILE" },
    );
  }
  const config = "configs/0.yaml";
  const maxEpochs = await maxEpochsOf(entry, folder);
  return {
    jobId: null,
    model: {
      config,
      model_type: readTrainConfig(text, path).modelType,
      run_name: entry.run_name ?? entry.id,
      full_hash: fullHashOf(entry),
      dataset: textOrNull(entry.metadata?.["dataset"]),
      training_job_hash: entry.training_job_hash ?? null,
      labels_sha256: entry.labels_sha256 ?? null,
      script_overrides: [],
    },
    pending: [],
    configs: new Map([[config, text]]),
    labels: { labels_path: null, val_labels_path: null, base_dir: registry.root },
    overrides: maxEpochs === null ? {} : { max_epochs: maxEpochs },
  };
}

/** The total that the latest attempt was to reach: the first one's may have been raised since. */
async function maxEpochsOf(entry: ModelEntry, modelFolder: string): Promise<number | null> {
  const numbers = (entry.attempts ?? []).map(({ attempt }) => attempt);
  for (const number of numbers.toSorted((a, b) => b - a)) {
    const path = join(attemptFolder(modelFolder, number), "config.yaml");
    const text = await readTextOrNull(path);
    if (text !== null) return readTrainConfig(text, path).maxEpochs;
  }
  return null;
}

/** No ID is made of it any more. */
function fullHashOf({ id, full_hash }: ModelEntry): string {
  return full_hash && /^[0-9a-f]{64}$/.test(full_hash) ? full_hash : id.slice(0, 8).padEnd(64, "0");
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isNoUse(error: unknown): boolean {
  return error instanceof NotFoundError || error instanceof ConflictError ||
    error instanceof Deno.errors.NotFound;
}
