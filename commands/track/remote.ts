import { basename } from "node:path";
import { resolvedLines } from "../../lib/client/chosen_models.ts";
import { findRemoteModel } from "../../lib/client/remote_models.ts";
import type { RemoteWorker } from "../../lib/client/remote_worker.ts";
import type { JoinedRoom } from "../../lib/credentials.ts";
import { UsageError } from "../../lib/errors.ts";
import { findDataFile } from "../../lib/prediction/data_file.ts";
import { checkOutputPlace, predictionsName } from "../../lib/prediction/output_place.ts";
import { parsePathMap } from "../../lib/prediction/path_map.ts";
import type { JobSubmission, TrackSubmission } from "../../lib/protocol/job_submit.ts";
import {
  type ChosenModels,
  ChosenModelsSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import { checkExtraArguments } from "../../lib/sleap_nn/predict_command.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { FilePlace } from "../../lib/training/remote_training.ts";
import { type ChosenWorker, connectToWorker, roomToWorkIn } from "../shared/choose_worker.ts";
import { detach } from "../shared/detach.ts";
import { followJob } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { isJson } from "../shared/options.ts";
import { followRemotely, lookOptionsOf, reconnecting } from "../shared/remote_job.ts";
import { type PredictionAsked, predictOptionsOf } from "./options.ts";

const NOTHING = "Nothing was started";
/** Checkpoints of hundreds of megabytes on a network drive are hashed, in milliseconds. */
const CHOOSE_MS = 600_000;

/**
 * Predict on a worker of a room, and fetch the predictions.
 *
 * @throws {JobNotSucceededError} when the job ended otherwise
 * @throws {LeftByUserError} when the user has left
 * @throws {ConnectionError} when the worker cannot be reached, or is lost
 */
export async function predictRemotely(asked: PredictionAsked): Promise<void> {
  using interruption = new Interruption();
  checkExtraArguments(asked.extra);
  const pathMap = parsePathMap(asked.pathMap);
  const overwrite = asked.force ?? false;
  const [room, data, output] = await Promise.all([
    roomToWorkIn(asked.room, "predict"),
    findDataFile(asked.dataPath),
    outputOf(asked, overwrite),
  ]);
  const { worker, spelling } = await interruption.orLeave(connect(room, asked), NOTHING);
  await using _connection = worker;
  const chosen = await interruption.orLeave(choose(worker, asked), NOTHING);
  const submission: JobSubmission = {
    type: "track",
    data_path: await interruption.orLeave(send(worker, data, interruption.left), NOTHING),
    ...submittedModels(chosen, asked),
    path_mappings: pathMap,
    ...predictOptionsOf(asked),
  };
  const lookOptions = lookOptionsOf(asked.room, spelling);
  const jobId = await interruption.orLeaveAtOnce(
    worker.submit(submission),
    "The worker may have taken the job. Look whether it has: " +
      typedCommand(["jobs", "list", ...lookOptions]),
  );
  const job = followRemotely(worker, jobId, lookOptions);
  if (output === null) return detach(job, isJson(asked));
  await followJob(job, {
    interruption,
    isJson: isJson(asked),
    output: { path: output, overwrite },
  });
}

/** Null: they stay on the worker for now. */
async function outputOf(asked: PredictionAsked, overwrite: boolean): Promise<string | null> {
  const { output, dataPath } = asked;
  if (!asked.detach) {
    return await checkOutputPlace(output ?? predictionsName(dataPath), { overwrite });
  }
  if (output === undefined) return null;
  throw new UsageError("--output does not go together with --detach", {
    hint: "The predictions stay on the worker. Name their place when you fetch them: " +
      "sleap-rtc jobs attach JOB --output FILE",
  });
}

/** A model predicts where it is. */
async function connect(room: JoinedRoom, asked: PredictionAsked): Promise<ChosenWorker> {
  const [model] = asked.model;
  const isSearched = model !== undefined && asked.worker === undefined;
  const holder = isSearched
    ? (await findRemoteModel(room, undefined, model)).located.location.worker
    : asked.worker;
  return await connectToWorker(room, { ...asked, worker: holder, ...reconnecting() });
}

/** The worker checks them before anything is sent. */
async function choose(worker: RemoteWorker, asked: PredictionAsked): Promise<ChosenModels> {
  const choice = {
    models: asked.model,
    model_paths: asked.checkpoint,
    allow_interrupted: asked.allowInterrupted ?? false,
    extra: [...asked.extra],
  };
  const chosen = await worker.ask(WORKER_METHODS.chooseModels, choice, ChosenModelsSchema, {
    timeoutMs: CHOOSE_MS,
  });
  for (const line of resolvedLines(chosen)) writeStderr(`${printable(line)}\n`);
  return chosen;
}

/** By their IDs: an alias may name another model a moment later. */
function submittedModels(
  { models }: ChosenModels,
  { checkpoint, allowInterrupted }: PredictionAsked,
): Pick<TrackSubmission, "models" | "model_paths" | "allow_interrupted"> {
  const ids = models.flatMap(({ model_id }) => model_id ?? []);
  return {
    ...checkpoint.length > 0 ? { model_paths: checkpoint } : { models: ids },
    allow_interrupted: allowInterrupted ?? false,
  };
}

async function send(worker: RemoteWorker, data: FilePlace, signal: AbortSignal): Promise<string> {
  if ("onWorker" in data) return data.onWorker;
  const line = new LiveLine();
  const name = basename(data.here);
  try {
    const { path } = await worker.upload(data.here, {
      signal,
      onProgress: (sent, total) =>
        line.update(`uploading ${name}  ${Math.floor(100 * sent / Math.max(1, total))} %`),
    });
    line.print(`uploaded ${name}`);
    return path;
  } finally {
    line.clear();
  }
}
