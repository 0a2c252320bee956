import { basename } from "node:path";
import { checkRemoteAlias } from "../../lib/client/remote_alias.ts";
import { findRemoteModel } from "../../lib/client/remote_models.ts";
import type { RemoteWorker } from "../../lib/client/remote_worker.ts";
import { type Submission, uploadTraining } from "../../lib/client/upload_training.ts";
import type { JoinedRoom } from "../../lib/credentials.ts";
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import { findTraining, type RemoteTraining } from "../../lib/training/remote_training.ts";
import { type ChosenWorker, connectToWorker, roomToWorkIn } from "../shared/choose_worker.ts";
import { detach } from "../shared/detach.ts";
import { type FollowedJob, followJob, warn } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { leftText } from "../shared/left_text.ts";
import { followRemotely, lookOptionsOf, reconnecting } from "../shared/remote_job.ts";
import { isJson } from "../shared/options.ts";
import { type TrainCommandOptions, trainingOf } from "./options.ts";

const log = logger("client");
const NOTHING = "Nothing was started";

/**
 * Train on a worker of a room, and show it.
 *
 * @throws {JobNotSucceededError} when the job ended otherwise
 * @throws {LeftByUserError} when the user has left
 * @throws {ConnectionError} when the worker cannot be reached, or is lost
 */
export async function trainRemotely(options: TrainCommandOptions): Promise<void> {
  using interruption = new Interruption();
  const [room, training] = await Promise.all([
    roomToWorkIn(options.room, "train"),
    options.resume === undefined ? findTraining(trainingOf(options)) : null,
  ]);
  const { worker, spelling } = await interruption.orLeave(connect(room, options), NOTHING);
  await using _connection = worker;
  const lookOptions = lookOptionsOf(options.room, spelling);
  const { alias } = options;
  if (alias !== undefined) await interruption.orLeave(checkRemoteAlias(worker, alias), NOTHING);
  const submission = training === null
    ? resumption(options)
    : await interruption.orLeave(sendFiles(worker, training, interruption.left), NOTHING);
  const jobId = await interruption.orLeaveAtOnce(
    worker.submit(submission),
    "The worker may have taken the job. Look whether it has: " +
      typedCommand(["jobs", "list", ...lookOptions]),
  );
  const job = followRemotely(worker, jobId, lookOptions);
  if (options.detach) {
    detach(job, isJson(options));
    return void await interruption.orLeave(tellWarnings(job), leftText(job));
  }
  await followJob(job, { interruption, isJson: isJson(options) });
}

/** The job is taken, whatever becomes of the connection. */
async function tellWarnings(job: FollowedJob): Promise<void> {
  try {
    (await job.describe()).warnings.forEach(warn);
  } catch (error) {
    log.debug(messageOf(error));
  }
}

/** A model is resumed where it is. */
async function connect(room: JoinedRoom, options: TrainCommandOptions): Promise<ChosenWorker> {
  const { resume, worker } = options;
  const isSearched = resume !== undefined && worker === undefined;
  const holder = isSearched
    ? (await findRemoteModel(room, undefined, resume)).located.location.worker
    : worker;
  return await connectToWorker(room, { ...options, worker: holder, ...reconnecting() });
}

function resumption({ resume = "", restart, maxEpochs }: TrainCommandOptions): Submission {
  return {
    type: "train",
    resume_model: resume,
    ...(restart ? { restart } : {}),
    ...(maxEpochs === undefined ? {} : { max_epochs: maxEpochs }),
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
