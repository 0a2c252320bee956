/**
 * Jobs that workers hold.
 *
 * @module
 */
import type * as v from "valibot";
import type { JoinedRoom } from "../credentials.ts";
import { NotFoundError } from "../errors.ts";
import {
  JobDescriptionSchema,
  type JobPage,
  JobPageSchema,
  type JobSummary,
  WORKER_METHODS,
} from "../protocol/worker_calls.ts";
import { typedCommand } from "../terminal/typed_command.ts";
import { askWorkers } from "./ask_workers.ts";
import { resolveJob, wholeJobId } from "./resolve_job.ts";
import type { WorkerLink } from "./worker_link.ts";
import { nameOf } from "./worker_peers.ts";

/** A job of a worker. */
export interface RemoteJob extends JobSummary {
  /** ID of the worker in its room. */
  worker: string;
}

/** Where a job is. */
export interface JobPlace {
  jobId: string;
  /** ID of the worker in its room. */
  worker: string;
}

/** Asks a worker, and checks its answer. */
export type Ask = <T>(
  method: string,
  params: unknown,
  schema: v.GenericSchema<unknown, T>,
) => Promise<T>;

/**
 * The jobs of a room's workers, or of one of them, the newest first.
 *
 * @param wanted name or peer ID of a worker; undefined: all
 * @throws {NotFoundError} when there is no such worker
 */
export async function listRemoteJobs(
  room: JoinedRoom,
  wanted: string | undefined,
): Promise<RemoteJob[]> {
  const answers = await askWorkers(room, wanted, async (link, { peerId }) => {
    const jobs = await Array.fromAsync(jobsOf(asking(link)));
    return jobs.map((job) => ({ ...job, worker: peerId }));
  });
  const created = (job: JobSummary) => Date.parse(job.created_at) || 0;
  return answers.flat().sort((a, b) => created(b) - created(a));
}

/**
 * The job that a person means, on a room's workers or one of them.
 *
 * @param name its ID or the beginning of it, with or without `job_`
 * @throws {NotFoundError} when no worker has it, or several have
 */
export async function findRemoteJob(
  room: JoinedRoom,
  wanted: string | undefined,
  name: string,
): Promise<JobPlace> {
  const whole = wholeJobId(name);
  const places = (await askWorkers(room, wanted, async (link, peer) => {
    const hasIt = whole !== null && await hasJob(link, whole);
    const ids = hasIt
      ? [whole]
      : await Array.fromAsync(jobsOf(asking(link)), ({ job_id }) => job_id);
    return ids.map((jobId) => ({ jobId, worker: peer.peerId, workerName: nameOf(peer) }));
  })).flat();
  const inRoom = ["--room", room.room_id];
  const listed = typedCommand(["jobs", "list", ...inRoom]);
  const jobId = resolveJob([...new Set(places.map(({ jobId }) => jobId))], name, listed);
  const [place, ...others] = places.filter((place) => place.jobId === jobId);
  if (place !== undefined && others.length === 0) return { jobId, worker: place.worker };
  throw new NotFoundError(`Several workers have a job "${jobId}"`, {
    hint: `Name one with --worker: ${places.map(({ workerName }) => workerName).join(", ")}`,
  });
}

/** What a worker's list says of one job; null where it is not in it. */
export async function findSummary(ask: Ask, jobId: string): Promise<JobSummary | null> {
  for await (const job of jobsOf(ask)) if (job.job_id === jobId) return job;
  return null;
}

async function hasJob(link: WorkerLink, jobId: string): Promise<boolean> {
  try {
    await link.call(WORKER_METHODS.describeJob, { job_id: jobId }, JobDescriptionSchema);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

function asking(link: WorkerLink): Ask {
  return (method, params, schema) => link.call(method, params, schema);
}

/** Each once: a job that is submitted meanwhile moves the others to the next page. */
async function* jobsOf(ask: Ask): AsyncGenerator<JobSummary> {
  const seen = new Set<string>();
  for (let from: number | null = 0; from !== null;) {
    const page: JobPage = await ask(WORKER_METHODS.listJobs, { from }, JobPageSchema);
    yield* page.jobs.filter(({ job_id }) => !seen.has(job_id));
    for (const { job_id } of page.jobs) seen.add(job_id);
    // A worker that does not get on would be asked for ever.
    from = page.next !== null && page.next > from ? page.next : null;
  }
}
