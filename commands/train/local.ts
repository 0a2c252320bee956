import { join } from "node:path";
import { ConflictError, JobNotSucceededError, UsageError } from "../../lib/errors.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { findRegistryRoot, type RegistryRoot } from "../../lib/registry/root.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { findSleapNn, type SleapNn } from "../../lib/sleap_nn/executable.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { makeTrainRequest, type TrainRequest } from "../../lib/training/train_request.ts";
import type { JobResult } from "../../worker/job_folder.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { resumeRequest } from "../../worker/resume/resume_request.ts";
import { submitLocalJob, type SubmittedJob } from "../../worker/submit.ts";
import { watchJob } from "../../worker/watch_job.ts";
import { type EndedJob, type FollowedJob, followJob, warn } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { sayRegistry } from "../shared/options.ts";
import { isJson, type TrainCommandOptions, trainingOf } from "./options.ts";

/**
 * Train on this machine, and show it.
 *
 * @throws {JobNotSucceededError} when the job ended otherwise
 * @throws {LeftByUserError} when the user has left
 */
export async function trainHere(options: TrainCommandOptions): Promise<void> {
  if (Deno.build.os === "windows") {
    throw new UsageError(
      "Cannot train on this machine: Windows has no process groups to supervise",
      { hint: "Train on a Linux or macOS machine." },
    );
  }
  using interruption = new Interruption();
  const { trainer, request, registry } = await interruption.orLeave(
    prepare(options),
    "Nothing was started",
  );
  const job = await submitLocalJob(registry.root, request, trainer.path);
  const followedJob = followed(job, request, registry, options);
  try {
    await followJob(followedJob, { interruption, isJson: isJson(options) });
  } catch (error) {
    throw await orConflict(error, request, registry);
  }
}

/** Of two resumes at the same time one gets the model: the other must not look like a failure. */
async function orConflict(
  error: unknown,
  { spec }: TrainRequest,
  registry: ModelRegistry,
): Promise<unknown> {
  const resumed = spec.models[0]?.resume;
  if (!(error instanceof JobNotSucceededError) || !resumed) return error;
  const entry = await registry.get(resumed.model_id);
  const isAnothers = entry !== null && isRunning(entry) && entry.job_id !== spec.job_id;
  if (!isAnothers) return error;
  return new ConflictError(error.message, {
    hint: `Job ${entry.job_id} trains the model.`,
    cause: error,
  });
}

interface PreparedTraining {
  trainer: SleapNn;
  request: TrainRequest;
  registry: ModelRegistry;
}

async function prepare(options: TrainCommandOptions): Promise<PreparedTraining> {
  const trainer = await findSleapNn();
  const isNew = options.resume === undefined;
  const root = await findRegistryRoot({ option: options.registry, createInCwd: isNew });
  if (options.resume !== undefined) {
    const registry = await openRegistry(root);
    const request = await requestResume(registry, options.resume, options);
    request.warnings.forEach(warn);
    return { trainer, request, registry };
  }
  const request = await makeTrainRequest({
    ...trainingOf(options),
    uploads: join(root.path, "uploads"),
  });
  const registry = await openRegistry(root);
  request.warnings.forEach(warn);
  return { trainer, request, registry };
}

async function requestResume(
  registry: ModelRegistry,
  model: string,
  { restart, maxEpochs }: TrainCommandOptions,
): Promise<TrainRequest> {
  return await resumeRequest(registry, model, { restart: restart ?? false, maxEpochs });
}

/** What is dead is booked first: it may be what the user wants to resume. */
async function openRegistry(root: RegistryRoot): Promise<ModelRegistry> {
  sayRegistry(root);
  const registry = await ModelRegistry.open(root.path);
  for (const { jobId, status } of await recoverJobs(registry)) {
    writeStderr(`job ${jobId} had lost its supervisor: booked as ${status}\n`);
  }
  return registry;
}

function followed(
  { folder, supervisor }: SubmittedJob,
  { spec }: TrainRequest,
  registry: ModelRegistry,
  options: TrainCommandOptions,
): FollowedJob {
  const lookOptions = options.registry === undefined ? [] : ["--registry", options.registry];
  return {
    jobId: folder.jobId,
    modelTypes: () => Promise.resolve(spec.models.map(({ model_type }) => model_type)),
    events: (signal) => watchJob(folder, registry, { supervisor, signal }),
    ended: async () => {
      const result = await folder.readResult();
      return result && await endedJob(result, registry);
    },
    lookOptions,
    trainOptions: ["--local", ...lookOptions],
    logPath: folder.logPath,
  };
}

async function endedJob(result: JobResult, registry: ModelRegistry): Promise<EndedJob> {
  const entries = await Promise.all(
    result.models.map(({ model_id }) => model_id === null ? null : registry.get(model_id)),
  );
  const { status, error } = result;
  return { status, error, models: entries.filter((entry) => entry !== null) };
}
