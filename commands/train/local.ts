import { join } from "node:path";
import { ConflictError, JobNotSucceededError, UsageError } from "../../lib/errors.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { findRegistryRoot, type RegistryRoot } from "../../lib/registry/root.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { findSleapNn, type SleapNn } from "../../lib/sleap_nn/executable.ts";
import { makeTrainRequest, type TrainRequest } from "../../lib/training/train_request.ts";
import { resumeRequest } from "../../worker/resume/resume_request.ts";
import { submitLocalJob } from "../../worker/submit.ts";
import { detach } from "../shared/detach.ts";
import { followJob, warn } from "../shared/follow_job.ts";
import { Interruption } from "../shared/interruption.ts";
import { leftText } from "../shared/left_text.ts";
import { followLocally } from "../shared/local_job.ts";
import { openLocalRoot, untilSupervised } from "../shared/local_start.ts";
import { isJson } from "../shared/options.ts";
import { type TrainCommandOptions, trainingOf } from "./options.ts";

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
  const { folder, supervisor } = await submitLocalJob(registry.root, request, trainer.path);
  const job = followLocally(folder, registry, options.registry, supervisor);
  await interruption.orLeaveAtOnce(untilSupervised({ folder, supervisor }), leftText(job));
  if (options.detach) return detach(job, isJson(options));
  try {
    await followJob(job, { interruption, isJson: isJson(options) });
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
    const registry = await openLocalRoot(root);
    const request = await requestResume(registry, options.resume, options);
    request.warnings.forEach(warn);
    return { trainer, request, registry };
  }
  await checkFreeAlias(root, options.alias);
  const request = await makeTrainRequest({
    ...trainingOf(options),
    uploads: join(root.path, "uploads"),
  });
  const registry = await openLocalRoot(root);
  request.warnings.forEach(warn);
  return { trainer, request, registry };
}

/** Before anything is written: a root without a registry stays without one. */
async function checkFreeAlias(root: RegistryRoot, alias: string | undefined): Promise<void> {
  if (alias === undefined) return;
  await (await ModelRegistry.open(root.path, { create: false })).checkFreeAlias(alias);
}

async function requestResume(
  registry: ModelRegistry,
  model: string,
  { restart, maxEpochs }: TrainCommandOptions,
): Promise<TrainRequest> {
  return await resumeRequest(registry, model, { restart: restart ?? false, maxEpochs });
}
