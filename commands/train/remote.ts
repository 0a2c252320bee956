import { basename } from "node:path";
import { type Submission, uploadTraining } from "../../lib/client/upload_training.ts";
import type { RemoteWorker } from "../../lib/client/remote_worker.ts";
import { readRemoteModel } from "../../lib/client/remote_models.ts";
import { nameOf } from "../../lib/client/worker_peers.ts";
import { findJoinedRoom, type JoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import {
  JobDescriptionSchema,
  RemoteModelSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import { findTraining, type RemoteTraining } from "../../lib/training/remote_training.ts";
import { connectToWorker } from "../shared/choose_worker.ts";
import { type EndedJob, type FollowedJob, followJob, warn } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { isJson, type TrainCommandOptions, trainingOf } from "./options.ts";

/**
 * Train on a worker of a room, and show it.
 *
 * @throws {JobNotSucceededError} when the job ended otherwise
 * @throws {LeftByUserError} when the user has left
 * @throws {ConnectionError} when the worker cannot be reached, or is lost
 */
export async function trainRemotely(options: TrainCommandOptions): Promise<void> {
  using interruption = new Interruption();
  const [room, training] = await Promise.all([roomOf(options), findFiles(options)]);
  const { worker, spelling } = await interruption.orLeave(
    connectToWorker(room, { ...options, ...reconnecting() }),
    "Nothing was started",
  );
  await using _connection = worker;
  const inRoom = options.room === undefined ? [] : ["--room", options.room];
  const lookOptions = [...inRoom, "--worker", spelling];
  const submission = await interruption.orLeave(
    sendFiles(worker, training, interruption.left),
    "Nothing was started",
  );
  const jobId = await interruption.orLeaveAtOnce(
    worker.submit(submission),
    "The worker may have taken the job. Look whether it has: " +
      typedCommand(["list-models", ...lookOptions]),
  );
  await followJob(followed(worker, jobId, lookOptions), { interruption, isJson: isJson(options) });
}

async function roomOf({ room }: TrainCommandOptions): Promise<JoinedRoom> {
  if ((await joinedRooms()).length > 0) return await findJoinedRoom(room);
  throw new NotFoundError("This machine has not joined a room", {
    hint: "Add --local to train on this machine, or ask a member of a room for a link " +
      "(`sleap-rtc invite`) and run `sleap-rtc join LINK`.",
  });
}

async function findFiles(options: TrainCommandOptions): Promise<RemoteTraining> {
  return await findTraining(trainingOf(options));
}

function reconnecting(): { reconnectMs?: number; onChange: (lost: string | null) => void } {
  const text = Deno.env.get("SLEAP_RTC_RECONNECT_SECONDS");
  const seconds = Number(text);
  if (text && !(seconds >= 0)) {
    throw new UsageError(`SLEAP_RTC_RECONNECT_SECONDS is "${text}"`, {
      hint: "Give a number of seconds, e.g. 60.",
    });
  }
  return {
    ...(text ? { reconnectMs: seconds * 1_000 } : {}),
    onChange: (lost) =>
      writeStderr(lost === null ? "connected again\n" : `warning: ${lost}; trying again\n`),
  };
}

async function sendFiles(
  worker: RemoteWorker,
  training: RemoteTraining,
  signal: AbortSignal,
): Promise<Submission> {
  const line = new LiveLine();
  const sent = new Set<string>();
  try {
    return await uploadTraining(worker, training, {
      signal,
      onUpload: (path, sentBytes, totalBytes) => {
        const name = basename(path);
        const percent = totalBytes === 0 ? 100 : Math.floor(100 * sentBytes / totalBytes);
        line.update(`uploading ${name}  ${percent} %`);
        if (sentBytes < totalBytes || sent.has(path) || training.configs.includes(path)) return;
        sent.add(path);
        line.print(`uploaded ${name}`);
      },
    });
  } finally {
    line.clear();
  }
}

function followed(
  worker: RemoteWorker,
  jobId: string,
  lookOptions: readonly string[],
): FollowedJob {
  return {
    jobId,
    modelTypes: async () => {
      const { describeJob } = WORKER_METHODS;
      const job = await worker.ask(describeJob, { job_id: jobId }, JobDescriptionSchema);
      job.warnings.forEach(warn);
      return job.model_types;
    },
    logPath: `jobs/${jobId}/log.txt in the folder of worker "${nameOf(worker.peer)}"`,
    events: (signal) => worker.watch(jobId, signal),
    ended: () => endOf(worker),
    lookOptions,
    trainOptions: lookOptions,
  };
}

async function endOf(worker: RemoteWorker): Promise<EndedJob | null> {
  const { ended } = worker;
  if (ended === null) return null;
  const models: ModelEntry[] = [];
  for (const name of ended.models) {
    try {
      const model = await worker.ask(WORKER_METHODS.getModel, { name }, RemoteModelSchema);
      const read = readRemoteModel(model, worker.peer);
      if (read !== null) models.push(read.located.entry);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return { status: ended.status, error: ended.error, models };
}
