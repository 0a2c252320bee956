import { whileNoJobIsWritten } from "./care/jobs_lock.ts";
import { refuseIfGone } from "./care/refuse_if_gone.ts";
import { type StartedSupervisor, startLocalSupervisor } from "./executor/local.ts";
import { JobFolder, type JobState } from "./job_folder.ts";
import type { NewJob } from "./new_job.ts";
import { refuseIfTaken } from "./resume/taken.ts";
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
 * @throws {ConflictError} when another job is to resume the same model
 * @throws {NotFoundError} when something that it needs was deleted meanwhile
 * @throws {SleapRtcError} when the folder cannot be written or the supervisor cannot be started
 */
export async function submitLocalJob(
  root: string,
  request: NewJob,
  trainer: string,
): Promise<SubmittedJob> {
  const folder = await createUnlessTaken(root, request, {
    starter: await identifyProcess(Deno.pid),
  });
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
 * @throws {ConflictError} when another job is to resume the same model
 * @throws {NotFoundError} when something that it needs was deleted meanwhile
 * @throws {SleapRtcError} when the folder cannot be written
 */
export async function createQueuedJob(
  root: string,
  request: NewJob,
  turn: number,
): Promise<JobFolder> {
  return await createUnlessTaken(root, request, { starter: null, turn });
}

type Start = Pick<JobState, "starter" | "turn">;

/**
 * Of two resumes of one model at the same time only one is taken, and nothing that the job needs is
 * removed meanwhile.
 */
async function createUnlessTaken(
  root: string,
  request: NewJob,
  start: Start,
): Promise<JobFolder> {
  const { spec } = request;
  return await whileNoJobIsWritten(root, async () => {
    if (spec.type === "train") await refuseIfTaken(root, spec);
    await refuseIfGone(root, spec);
    return await create(root, request, start);
  });
}

async function create(
  root: string,
  { spec, configs }: NewJob,
  start: Start,
): Promise<JobFolder> {
  return await JobFolder.create(root, spec, {
    version: 1,
    job_id: spec.job_id,
    status: "queued",
    updated_at: new Date().toISOString(),
    supervisor: null,
    trainer: null,
    models: spec.type === "train"
      ? spec.models.map(() => ({ model_id: null, status: "pending" }))
      : [],
    ...start,
  }, configs);
}
