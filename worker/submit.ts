import type { TrainRequest } from "../lib/training/train_request.ts";
import { type StartedSupervisor, startLocalSupervisor } from "./executor/local.ts";
import { JobFolder, type JobState } from "./job_folder.ts";
import { identifyProcess } from "./host/process_identity.ts";

/** A job that was submitted on this machine. */
export interface SubmittedJob {
  folder: JobFolder;
  supervisor: StartedSupervisor;
}

/**
 * Write a job's folder and start its supervisor; where it cannot be started, the folder is removed.
 *
 * @param root absolute path of the registry root
 * @param trainer absolute path of the sleap-nn to use
 * @throws {SleapRtcError} when the folder cannot be written or the supervisor cannot be started
 */
export async function submitLocalJob(
  root: string,
  request: TrainRequest,
  trainer: string,
): Promise<SubmittedJob> {
  const folder = await create(root, request, { starter: await identifyProcess(Deno.pid) });
  try {
    return { folder, supervisor: await startLocalSupervisor(folder, trainer) };
  } catch (error) {
    await Deno.remove(folder.path, { recursive: true }).catch(() => {});
    throw error;
  }
}

/**
 * Write the folder of a job that waits in the queue.
 *
 * @param root absolute path of the registry root
 * @param turn its turn, the lowest first
 * @throws {SleapRtcError} when the folder cannot be written
 */
export async function createQueuedJob(
  root: string,
  request: TrainRequest,
  turn: number,
): Promise<JobFolder> {
  return await create(root, request, { starter: null, turn });
}

async function create(
  root: string,
  { spec, configs }: TrainRequest,
  start: Pick<JobState, "starter" | "turn">,
): Promise<JobFolder> {
  return await JobFolder.create(root, spec, {
    version: 1,
    job_id: spec.job_id,
    status: "queued",
    updated_at: new Date().toISOString(),
    supervisor: null,
    trainer: null,
    models: spec.models.map(() => ({ model_id: null, status: "pending" })),
    ...start,
  }, configs);
}
