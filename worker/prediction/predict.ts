/**
 * Running a job that predicts: from its description to how it ended.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { isFolder, sizeOf } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { Output } from "../../lib/protocol/job_events.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import { findSleapNn, type SleapNn } from "../../lib/sleap_nn/executable.ts";
import { predictArguments } from "../../lib/sleap_nn/predict_command.ts";
import { remapVideos } from "../../lib/sleap_nn/remap_videos.ts";
import { pythonOfTrainer } from "../../lib/sleap_nn/trainer_python.ts";
import { trainerEnvironment } from "../../lib/sleap_nn/trainer_environment.ts";
import { JOB_VARIABLE, markOf } from "../host/process_group.ts";
import type { JobRecord } from "../record/job_record.ts";
import type { JobEnd } from "../requests/finish_job.ts";
import { TrainerProcess } from "../trainer/process.ts";
import { quietly } from "../trainer/run.ts";
import { makeScratch, removeScratch } from "../trainer/scratch.ts";
import { checkChosen, checkUnchanged } from "./choose_models.ts";
import { endedOnRequest, failureOf } from "./judge.ts";
import { OutputPlace } from "./output_place.ts";
import { PredictWatch } from "./predict_watch.ts";
import { modelFolders, nameOf } from "./predictors.ts";
import { recordText } from "./record_text.ts";
import { type Enders, reasonToEnd, runToEnd } from "./run_to_end.ts";

const log = logger("supervisor");

/** One run of sleap-nn. */
interface Prediction {
  record: JobRecord;
  job: TrackSpec;
  sleapNn: SleapNn;
  place: OutputPlace;
}

/** What has come of it, in its place. */
interface Predictions {
  output: Output;
  /** Number of frames that were looked at; null: not known. */
  frames: number | null;
}

/**
 * Predict, and put the predictions into their place.
 *
 * @returns how it ended; nothing half-written is left
 * @throws when the predictions are in their place, and it cannot be written down
 */
export async function predict(
  record: JobRecord,
  job: TrackSpec,
  enders: Enders,
): Promise<JobEnd> {
  const place = new OutputPlace(job);
  const made = await predictInto(place, record, job, enders);
  if ("status" in made) {
    await quietly("remove what is not complete", () => place.clear());
    return made;
  }
  // They are in their place: what fails from here on is booked by their record, as after a crash.
  await record.record({ type: "predictions_written", ...made });
  return { status: "succeeded", error: null, output: made.output };
}

async function predictInto(
  place: OutputPlace,
  record: JobRecord,
  job: TrackSpec,
  enders: Enders,
): Promise<Predictions | JobEnd> {
  try {
    await enders.requests.look();
    const reason = reasonToEnd(enders);
    if (reason !== null) return endedOnRequest(reason);
    return await run({ record, job, sleapNn: await findSleapNn(), place }, enders);
  } catch (error) {
    log.error(`cannot predict: ${messageOf(error)}`);
    return { status: "failed", error: messageOf(error) };
  }
}

async function run(prediction: Prediction, enders: Enders): Promise<Predictions | JobEnd> {
  const { record, job, sleapNn, place } = prediction;
  const allowInterrupted = job.allow_interrupted;
  await checkChosen(record.registry, job.predictors, { allowInterrupted });
  await place.check();
  await using resources = new AsyncDisposableStack();
  const { process, logOffset } = await prepare(prediction, resources);
  const { logPath } = record.folder;
  const watch = new PredictWatch({
    logPath,
    logOffset,
    record: async (body) => void await record.record(body),
  });
  const ended = await runToEnd(process, enders).finally(() => watch.stop());
  const { frames, lastError } = watch.marks;
  const failure = await failureOf({
    ...ended,
    lastError,
    outputPath: place.tempPath,
    logPath,
    logOffset,
  });
  if (failure !== null) return failure;
  // Whoever trains on may have published others before sleap-nn had read them.
  await checkUnchanged(job.predictors);
  await enders.requests.look();
  if (enders.requests.now.end === "cancel") return endedOnRequest("cancelled");
  const output = await place.publish((made) => recordText(job, made, sleapNn.version));
  return { output, frames: frames?.total ?? frames?.done ?? null };
}

/** Make all that a run needs, and write it down; `resources` gives it back, whatever happens. */
async function prepare(
  prediction: Prediction,
  resources: AsyncDisposableStack,
): Promise<{ process: TrainerProcess; logOffset: number }> {
  const { record, job, sleapNn, place } = prediction;
  const { folder } = record;
  log.info(`sleap-nn ${sleapNn.path} (${sleapNn.version ?? "version unknown"})`);
  for (const model of job.predictors) {
    const { model_type, checkpoint_path, sha256 } = model;
    log.info(`${model_type}: ${nameOf(model)}, checkpoint ${checkpoint_path} (SHA-256 ${sha256})`);
  }
  const args = predictArguments({
    modelPaths: await modelFolders(job.predictors, folder.path),
    dataPath: await dataFor(prediction),
    outputPath: place.tempPath,
    options: job.options,
    version: sleapNn.version,
  });
  const tempFolder = await makeScratch(folder.path, folder.jobId);
  resources.defer(() => removeScratch(folder.path, folder.jobId));
  const process = await TrainerProcess.prepare({
    command: sleapNn.path,
    args,
    // Relative video paths inside labels begin where the user stood.
    cwd: await isFolder(job.base_dir) ? job.base_dir : folder.path,
    env: {
      ...trainerEnvironment(Deno.env.toObject(), { tempFolder }),
      [JOB_VARIABLE]: await markOf(folder.path),
    },
  });
  resources.defer(() => quietly("end sleap-nn", () => process.kill()));
  return { process, logOffset: await writeDown(prediction, process, args) };
}

/** The data, or a copy that names its videos by where they are here. */
async function dataFor({ record, job, sleapNn }: Prediction): Promise<string> {
  const { data_path, path_map } = job;
  const isMapped = data_path.toLowerCase().endsWith(".slp") && Object.keys(path_map).length > 0;
  if (!isMapped) return data_path;
  const python = await pythonOfTrainer(sleapNn);
  const copy = join(record.folder.path, "data.slp");
  return await remapVideos(python, data_path, copy, path_map) ? copy : data_path;
}

/** Put the waiting process on the disk; returns where its output will begin in the log, in bytes. */
async function writeDown(
  { record, sleapNn }: Prediction,
  process: TrainerProcess,
  args: string[],
): Promise<number> {
  const logOffset = await sizeOf(record.folder.logPath);
  await record.setState({
    trainer: {
      ...process.identity,
      model: 0,
      attempt: 1,
      started_at: new Date().toISOString(),
      log_offset: logOffset,
    },
  });
  await record.record({
    type: "predictor_started",
    pid: process.identity.pid,
    command: [sleapNn.path, ...args],
    log_offset: logOffset,
  });
  return logOffset;
}
