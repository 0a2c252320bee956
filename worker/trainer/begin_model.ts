/**
 * Before a model's trainer is started: a new entry in the registry, or an old one that goes on.
 *
 * @module
 */
import { join } from "node:path";
import { ConflictError, NotFoundError } from "../../lib/errors.ts";
import type { StartedFrom } from "../../lib/protocol/job_events.ts";
import { type ModelSpec, overridesOf } from "../../lib/protocol/job_spec.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { entryFolder, modelFolder } from "../../lib/registry/model_folder.ts";
import { resume } from "../../lib/registry/transitions.ts";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { JobRecord } from "../record/job_record.ts";
import { checkedCheckpoint } from "../resume/checkpoint.ts";
import { attemptsSinceRestart, nextAttempt } from "../attempts/attempts.ts";
import type { TrainTools } from "./run.ts";

/** A model that is `training` in the registry. */
export interface BegunModel {
  modelId: string;
  /** The attempt that is about to begin. */
  attempt: number;
  /** Null: from epoch 0. */
  startedFrom: StartedFrom | null;
  /** Absolute path of the model's folder. */
  folder: string;
  /** Where the attempt that is gone on with wrote down how it split its labels; null: nowhere. */
  splitFolder: string | null;
}

/**
 * Register a model, or take it up again.
 *
 * @throws {SleapRtcError} when it cannot be resumed: its entry is then as it was
 */
export async function beginModel(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  tools: TrainTools,
): Promise<BegunModel> {
  return spec.resume
    ? await takeUp(record, model, spec, spec.resume, tools)
    : await register(record, model, spec, tools);
}

/** It may have waited in the queue for hours: everything is checked again. */
async function takeUp(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  asked: NonNullable<ModelSpec["resume"]>,
  tools: TrainTools,
): Promise<BegunModel> {
  const { registry } = record;
  const { model_id: modelId, restart } = asked;
  const entry = await registry.get(modelId);
  const stored = entry && entryFolder(entry);
  if (!entry || !stored) throw new NotFoundError(`No model "${modelId}" in this registry`);
  const resumption = { jobId: tools.job.job_id, modelIndex: model, restart };
  resume(entry, resumption);
  refuseIfChanged(entry, asked);
  const startedFrom = restart
    ? null
    : await checkedCheckpoint(entry, await maxEpochsOf(record, spec, tools), registry);
  await registry.resume(modelId, resumption);
  const folder = registry.absolutePath(stored);
  const attempt = await nextAttempt(entry, folder);
  await record.setModel(model, { model_id: modelId, status: "training" });
  await record.registered(model, modelId, spec.model_type, attempt);
  const splitFolder = restart ? null : attemptsSinceRestart(entry, registry)[0]?.folder ?? null;
  return { modelId, attempt, startedFrom, folder, splitFolder };
}

/** Whoever asked for it meant the model as it was then. */
function refuseIfChanged(
  { id, job_id, status }: ModelEntry,
  asked: NonNullable<ModelSpec["resume"]>,
): void {
  const hint = `How it stands: sleap-rtc model-info ${id}`;
  if (asked.job_id !== undefined && (job_id ?? null) !== asked.job_id) {
    throw new ConflictError(
      `Cannot resume model ${id}: job ${job_id} has trained it since that was asked for`,
      { hint },
    );
  }
  if (status === "abandoned" && asked.abandoned === false) {
    throw new ConflictError(
      `Cannot resume model ${id}: it was abandoned since that was asked for`,
      { hint },
    );
  }
}

async function maxEpochsOf(
  record: JobRecord,
  spec: ModelSpec,
  { job }: TrainTools,
): Promise<number | null> {
  const { max_epochs } = overridesOf(spec, job);
  if (max_epochs !== undefined) return max_epochs;
  const text = await record.folder.readConfig(spec.config);
  return readTrainConfig(text, spec.config).withOverrides(spec.script_overrides).maxEpochs;
}

async function register(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  tools: TrainTools,
): Promise<BegunModel> {
  const wished = spec.full_hash.slice(0, 8);
  const alias = model === 0 ? tools.job.alias ?? null : null;
  const modelId = await record.registry.register({
    id: wished,
    full_hash: spec.full_hash,
    run_name: spec.run_name,
    model_type: spec.model_type,
    alias,
    training_job_hash: spec.training_job_hash,
    labels_sha256: spec.labels_sha256,
    source: "worker-training",
    metadata: {
      dataset: spec.dataset,
      gpu_model: tools.gpuModel,
      training_duration_seconds: null,
    },
    sleap_nn_version: tools.trainer.version,
    job_id: tools.job.job_id,
    model_index: model,
    running: false,
    attempts: [],
    last_epoch: null,
    last_checkpoint_path: null,
    checkpoint: null,
  });
  await record.setModel(model, { model_id: modelId, status: "training" });
  await record.registered(model, modelId, spec.model_type);
  if (modelId !== wished) {
    await record.record({
      type: "warning",
      model,
      message: `ID ${wished} is taken by the same configuration, labels and run name: ` +
        `this model is ${modelId}`,
    });
  }
  await tellIfUnnamed(record, model, modelId, alias);
  await announceInterrupted(record, model, modelId, spec.full_hash);
  const folder = join(record.folder.root, modelFolder(spec.model_type, modelId));
  return { modelId, attempt: 1, startedFrom: null, folder, splitFolder: null };
}

/** The alias was free when the job was asked for; it may have waited since. */
async function tellIfUnnamed(
  record: JobRecord,
  model: number,
  modelId: string,
  alias: string | null,
): Promise<void> {
  if (alias === null || (await record.registry.get(modelId))?.alias === alias) return;
  await record.record({
    type: "warning",
    model,
    message: `Alias "${alias}" is taken meanwhile: model ${modelId} has none. To name it: ` +
      typedCommand(["tag-model", modelId, "--alias", "NAME"]),
  });
}

/** Whoever trains the same again may have wanted to go on with it. */
async function announceInterrupted(
  record: JobRecord,
  model: number,
  modelId: string,
  fullHash: string,
): Promise<void> {
  const isAlike = ({ id, full_hash, running }: ModelEntry) =>
    id !== modelId && full_hash === fullHash && !running;
  for (const { id, last_epoch } of (await record.registry.getInterrupted()).filter(isAlike)) {
    const epoch = typeof last_epoch === "number" ? ` after epoch ${last_epoch + 1}` : "";
    const command = typedCommand(["train", "--resume", id]);
    await record.record({
      type: "warning",
      model,
      message: `Model ${id}, of the same configuration, labels and run name, was interrupted` +
        `${epoch}. This training begins anew; to go on with that one: ${command}`,
    });
  }
}
