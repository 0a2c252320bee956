/**
 * Training one model of a job: from its registration to its outcome.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { isFolder, sizeOf } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { ModelOutcome } from "../../lib/protocol/job_events.ts";
import { type ModelSpec, overridesOf } from "../../lib/protocol/job_spec.ts";
import { type ControlSocket, openControlSocket } from "../../lib/sleap_nn/control_socket.ts";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { completeTrainConfig } from "../../lib/sleap_nn/train_config/complete.ts";
import { trainerEnvironment } from "../../lib/sleap_nn/trainer_environment.ts";
import { JOB_VARIABLE, markOf } from "../host/process_group.ts";
import type { JobRecord } from "../record/job_record.ts";
import { attemptFolder } from "../attempts/attempts.ts";
import { beginModel, type BegunModel } from "./begin_model.ts";
import { FirstEpoch } from "../attempts/first_epoch.ts";
import { outcomeOfModel } from "../attempts/model_outcome.ts";
import { notStarted } from "./outcome.ts";
import { TrainerProcess } from "./process.ts";
import { quietly, type Run, type TrainTools, type WaitingTrainer } from "./run.ts";
import { runTrainer } from "./run_trainer.ts";
import { makeScratch, removeScratch } from "./scratch.ts";
import { splitLabelsIn } from "../attempts/split_labels.ts";

const log = logger("supervisor");

/**
 * Register a model, train it, and book how it ended.
 *
 * @param model index into the job's models
 * @throws when the machine fails in between: what is on the disk must then be judged anew, as after
 *   a crash
 */
export async function trainModel(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  tools: TrainTools,
): Promise<ModelOutcome> {
  const begun = await beginModel(record, model, spec, tools);
  const outcome = await train(record, model, spec, begun, tools);
  await record.modelFinished(model, begun.modelId, outcome);
  await record.setModel(model, { status: outcome.status });
  return outcome;
}

async function train(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  begun: BegunModel,
  tools: TrainTools,
): Promise<ModelOutcome> {
  const { modelId, attempt } = begun;
  const { registry } = record;
  await using resources = new AsyncDisposableStack();
  let waiting: WaitingTrainer;
  try {
    waiting = await prepare(record, model, spec, begun, tools, resources);
  } catch (error) {
    log.error(`cannot train model ${modelId}: ${messageOf(error)}`);
    const never = { modelId, attempt: null };
    return await outcomeOfModel(notStarted(messageOf(error)), never, registry);
  }
  const own = await runTrainer(waiting);
  const { wrong: wrongEpoch } = waiting.firstEpoch;
  return await outcomeOfModel(own, { modelId, attempt, wrongEpoch }, registry);
}

/** Make all that a run needs; `resources` gives it back, whatever happens. */
async function prepare(
  record: JobRecord,
  model: number,
  spec: ModelSpec,
  { attempt, startedFrom, folder: modelFolder, splitFolder }: BegunModel,
  tools: TrainTools,
  resources: AsyncDisposableStack,
): Promise<WaitingTrainer> {
  const { folder } = record;
  const runFolder = attemptFolder(modelFolder, attempt);
  const text = await folder.readConfig(spec.config);
  const config = readTrainConfig(text, spec.config).withOverrides(spec.script_overrides);
  const tempFolder = await makeScratch(runFolder, folder.jobId);
  resources.defer(() => removeScratch(runFolder, folder.jobId));
  const socket = await openSocketIfPossible();
  resources.defer(() => quietly("close the control socket", async () => await socket?.close()));
  const end = Promise.withResolvers<void>();
  const run: Run = {
    record,
    model,
    attempt,
    startedFrom,
    firstEpoch: new FirstEpoch(startedFrom, end.resolve),
    config,
    overrides: overridesOf(spec, tools.job),
    runFolder,
    tempFolder,
    socket,
    tools,
  };
  const args = ["train", "--config", await writeConfig(run, splitFolder)];
  const process = await prepareTrainer(run, args);
  void end.promise.then(() => quietly("end the trainer", () => process.kill()));
  resources.defer(() => quietly("end the trainer", () => process.kill()));
  return { ...run, process, logOffset: await writeDown(run, process, args) };
}

async function prepareTrainer(run: Run, args: string[]): Promise<TrainerProcess> {
  const { record, config, tempFolder, tools } = run;
  return await TrainerProcess.prepare({
    command: tools.trainer.path,
    args,
    // Relative video paths inside labels begin where the user stood.
    cwd: await isFolder(tools.job.base_dir) ? tools.job.base_dir : record.folder.path,
    env: {
      ...trainerEnvironment(Deno.env.toObject(), {
        tempFolder,
        ...(config.wandbApiKey === null ? {} : { wandbApiKey: config.wandbApiKey }),
      }),
      [JOB_VARIABLE]: await markOf(record.folder.path),
    },
  });
}

/** Put the waiting trainer on the disk; returns where its output will begin in the log, in bytes. */
async function writeDown(run: Run, process: TrainerProcess, args: string[]): Promise<number> {
  const { record, model, attempt, startedFrom, config, overrides, tools } = run;
  const logOffset = await sizeOf(record.folder.logPath);
  await record.setState({
    trainer: {
      ...process.identity,
      model,
      attempt,
      started_at: new Date().toISOString(),
      log_offset: logOffset,
    },
  });
  await record.record({
    type: "trainer_started",
    model,
    attempt,
    pid: process.identity.pid,
    command: [tools.trainer.path, ...args],
    max_epochs: overrides.max_epochs ?? config.maxEpochs,
    log_offset: logOffset,
    started_from: startedFrom,
  });
  return logOffset;
}

async function writeConfig(run: Run, splitFolder: string | null): Promise<string> {
  const { config, overrides, runFolder, socket, startedFrom, record: { registry } } = run;
  const path = join(runFolder, "config.yaml");
  const yaml = completeTrainConfig(config, {
    baseDir: run.tools.job.base_dir,
    ckptDir: dirname(runFolder),
    runName: basename(runFolder),
    resumeCheckpoint: startedFrom && registry.absolutePath(startedFrom.path),
    ...await chooseLabels(run, splitFolder),
    maxEpochs: overrides.max_epochs,
    batchSize: overrides.batch_size,
    learningRate: overrides.learning_rate,
    publishPort: socket?.publishPort ?? null,
    controllerPort: socket?.controllerPort ?? null,
  });
  await writeFileAtomic(path, yaml);
  return path;
}

/** Those of the attempt that a resume goes on with, so that no frame changes sides. */
async function chooseLabels(
  { config, model, record, tools }: Run,
  splitFolder: string | null,
): Promise<{ trainLabels?: string[] | undefined; valLabels?: string[] | undefined }> {
  const { labels_path, val_labels_path } = tools.job;
  const split = splitFolder === null ? null : await splitLabelsIn(splitFolder);
  if (split !== null) return { trainLabels: split.train, valLabels: split.val };
  const isSplitAnew = val_labels_path === null && config.valLabels.length === 0;
  if (splitFolder !== null && isSplitAnew) {
    await record.record({
      type: "warning",
      model,
      message: `"${splitFolder}" has no labels_gt files any more: the labels are split anew, and ` +
        "frames may change between training and validation",
    });
  }
  return {
    trainLabels: labels_path === null ? undefined : [labels_path],
    valLabels: val_labels_path === null ? undefined : [val_labels_path],
  };
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
