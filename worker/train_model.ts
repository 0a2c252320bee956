/**
 * Training one model of a job: from its registration to its outcome.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { messageOf } from "../lib/errors.ts";
import { writeFileAtomic } from "../lib/files/atomic_write.ts";
import { sizeOf } from "../lib/files/file_info.ts";
import { logger } from "../lib/log.ts";
import type { ModelOutcome } from "../lib/protocol/job_events.ts";
import type { ModelSpec } from "../lib/protocol/job_spec.ts";
import { modelFolder } from "../lib/registry/model_folder.ts";
import { type ControlSocket, openControlSocket } from "../lib/sleap_nn/control_socket.ts";
import type { SleapNn } from "../lib/sleap_nn/executable.ts";
import { readTrainConfig, type TrainConfig } from "../lib/sleap_nn/train_config.ts";
import { completeTrainConfig } from "../lib/sleap_nn/train_config/complete.ts";
import { trainerEnvironment } from "../lib/sleap_nn/trainer_environment.ts";
import type { JobRecord } from "./job_record.ts";
import { notStarted, outcomeOf } from "./trainer/outcome.ts";
import { TrainerProcess } from "./trainer/process.ts";
import { makeScratch, removeScratch } from "./trainer/scratch.ts";
import { TrainerWatch } from "./trainer/watch.ts";

const log = logger("supervisor");
const ATTEMPT = 1;

/** What all models of a job have in common. */
export interface TrainTools {
  trainer: SleapNn;
  gpuModel: string;
  /** Aborted: end the trainer and book what there is; its reason says why. */
  stop: AbortSignal;
}

/**
 * Register a model, train it, and book how it ended. What goes wrong is in the outcome.
 *
 * @param model index into the job's models
 * @throws {SleapRtcError} only when the record cannot be written: the disk is full
 */
export async function trainModel(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  tools: TrainTools,
): Promise<ModelOutcome> {
  const modelId = await register(record, model, spec, tools);
  let outcome: ModelOutcome;
  try {
    outcome = await train(record, model, spec, modelId, tools);
  } catch (error) {
    log.error(`cannot train model ${modelId}: ${messageOf(error)}`);
    outcome = notStarted(messageOf(error));
  }
  await record.record({
    type: "model_finished",
    model,
    attempt: ATTEMPT,
    model_id: modelId,
    outcome,
  });
  await record.setModel(model, { status: outcome.status });
  return outcome;
}

async function register(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  tools: TrainTools,
): Promise<string> {
  const job = record.spec;
  const modelId = await record.registry.register({
    id: spec.full_hash.slice(0, 8),
    full_hash: spec.full_hash,
    run_name: spec.run_name,
    model_type: spec.model_type,
    training_job_hash: job.training_job_hash,
    labels_sha256: job.labels_sha256,
    source: "worker-training",
    metadata: {
      dataset: job.dataset,
      gpu_model: tools.gpuModel,
      training_duration_seconds: null,
    },
    sleap_nn_version: tools.trainer.version,
    job_id: job.job_id,
    model_index: model,
    running: false,
    attempts: [],
    last_epoch: null,
    last_checkpoint_path: null,
    checkpoint: null,
  });
  await record.setModel(model, { model_id: modelId, status: "training" });
  await record.record({
    type: "model_registered",
    model,
    attempt: ATTEMPT,
    model_id: modelId,
    model_type: spec.model_type,
    folder: modelFolder(spec.model_type, modelId),
  });
  const wished = spec.full_hash.slice(0, 8);
  if (modelId !== wished) {
    await record.record({
      type: "warning",
      model,
      message: `ID ${wished} is taken by the same configuration, labels and run name: ` +
        `this model is ${modelId}`,
    });
  }
  return modelId;
}

async function train(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  modelId: string,
  tools: TrainTools,
): Promise<ModelOutcome> {
  const { folder, registry } = record;
  const runFolder = join(folder.root, modelFolder(spec.model_type, modelId));
  const text = await folder.readConfig(spec.config);
  const config = readTrainConfig(text, spec.config).withOverrides(spec.script_overrides);
  const socket = await openSocketIfPossible();
  const tempFolder = await makeScratch(runFolder, folder.jobId);
  let process: TrainerProcess | null = null;
  try {
    const configPath = await writeConfig(record, config, runFolder, socket);
    const args = ["train", "--config", configPath];
    process = await TrainerProcess.prepare({
      command: tools.trainer.path,
      args,
      cwd: folder.path,
      env: trainerEnvironment(Deno.env.toObject(), {
        tempFolder,
        ...(config.wandbApiKey === null ? {} : { wandbApiKey: config.wandbApiKey }),
      }),
    });
    const logOffset = await sizeOf(folder.logPath);
    await record.setState({
      trainer: {
        ...process.identity,
        model,
        attempt: ATTEMPT,
        started_at: new Date().toISOString(),
        log_offset: logOffset,
      },
    });
    await record.record({
      type: "trainer_started",
      model,
      attempt: ATTEMPT,
      pid: process.identity.pid,
      command: [tools.trainer.path, ...args],
      max_epochs: record.spec.overrides.max_epochs ?? config.maxEpochs,
    });
    const watch = new TrainerWatch({
      model,
      attempt: ATTEMPT,
      runFolder,
      logPath: folder.logPath,
      logOffset,
      socket,
      storedPath: (path) => registry.storedPath(path),
      record: async (body) => void await record.record(body),
    });
    const began = performance.now();
    const exitCode = await runToEnd(process, tools.stop);
    const durationSeconds = (performance.now() - began) / 1000;
    await watch.stop();
    const reason = tools.stop.aborted ? String(tools.stop.reason) : "crash";
    return await outcomeOf({
      exitCode,
      reason,
      durationSeconds,
      runFolder,
      logPath: folder.logPath,
      logOffset,
    }, registry);
  } finally {
    await process?.kill();
    await socket?.close();
    await removeScratch(runFolder, folder.jobId);
  }
}

/** sleap-nn acts on SIGTERM after the running batch; a trainer that does not is killed. */
const STOP_GRACE_MS = 30_000;

async function runToEnd(process: TrainerProcess, stop: AbortSignal): Promise<number> {
  let killer: ReturnType<typeof setTimeout> | undefined;
  const onStop = () => {
    process.terminate();
    killer = setTimeout(() => void process.kill(), STOP_GRACE_MS);
  };
  stop.addEventListener("abort", onStop, { once: true });
  try {
    if (stop.aborted) onStop();
    else await process.go();
    return await process.ended();
  } finally {
    clearTimeout(killer);
    stop.removeEventListener("abort", onStop);
  }
}

async function writeConfig(
  record: JobRecord,
  config: TrainConfig,
  runFolder: string,
  socket: ControlSocket | null,
): Promise<string> {
  const { labels_path, val_labels_path, overrides, base_dir } = record.spec;
  const path = join(runFolder, "config.yaml");
  const yaml = completeTrainConfig(config, {
    baseDir: base_dir,
    ckptDir: dirname(runFolder),
    runName: basename(runFolder),
    resumeCheckpoint: null,
    trainLabels: labels_path === null ? undefined : [labels_path],
    valLabels: val_labels_path === null ? undefined : [val_labels_path],
    maxEpochs: overrides.max_epochs,
    batchSize: overrides.batch_size,
    learningRate: overrides.learning_rate,
    publishPort: socket?.publishPort ?? null,
    controllerPort: socket?.controllerPort ?? null,
  });
  await writeFileAtomic(path, yaml);
  return path;
}

/** A training works without: the files tell its progress too. */
async function openSocketIfPossible(): Promise<ControlSocket | null> {
  try {
    return await openControlSocket();
  } catch (error) {
    log.warn(messageOf(error));
    return null;
  }
}
