/**
 * Who watches which job over which connection. What a job's supervisor has to know of it is written
 * into the job's `request.json`.
 *
 * @module
 */
import { messageOf } from "../lib/errors.ts";
import { isFolder } from "../lib/files/file_info.ts";
import { logger } from "../lib/log.ts";
import { isAlive, type ProcessIdentity } from "./host/process_identity.ts";
import { isFinalStatus, type JobFolder } from "./job_folder.ts";
import {
  changeRequest,
  type JobRequest,
  type OnDisconnect,
  readRequest,
} from "./requests/job_request.ts";

const log = logger("jobs");

/** How a watcher left: by its own wish, or because its connection was lost. */
export type Leave = "goodbye" | "vanished";

interface WatchedJob {
  folder: JobFolder;
  /** One object a connection. */
  watchers: Set<object>;
  /** How the last one left. */
  left: Leave;
  written: Promise<void>;
}

/** The watchers of a worker's jobs. */
export class JobWatchers {
  readonly #by: ProcessIdentity;
  readonly #onLost: OnDisconnect;
  readonly #jobs = new Map<string, WatchedJob>();

  /**
   * @param by this process
   * @param onLost what a supervisor is to do when the last watcher vanishes
   */
  constructor(by: ProcessIdentity, onLost: OnDisconnect) {
    this.#by = by;
    this.#onLost = onLost;
  }

  /** Somebody watches a job; on the disk when the promise resolves. Repeatable. */
  async add(folder: JobFolder, watcher: object): Promise<void> {
    const job = this.#jobs.get(folder.jobId) ??
      { folder, watchers: new Set(), left: "goodbye", written: Promise.resolve() };
    this.#jobs.set(folder.jobId, job);
    job.watchers.add(watcher);
    await this.#write(job);
  }

  /** Somebody does not watch a job any more; on the disk when the promise resolves. Repeatable. */
  async remove(jobId: string, watcher: object, left: Leave): Promise<void> {
    const job = this.#jobs.get(jobId);
    if (!job?.watchers.delete(watcher)) return;
    job.left = left;
    if (job.watchers.size === 0) await this.#write(job);
    if (job.watchers.size === 0) this.#jobs.delete(jobId);
  }

  /** A job has ended: nobody watches it any more. */
  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  /** What is written is what is so when its turn comes. */
  async #write(job: WatchedJob): Promise<void> {
    job.written = job.written.then(() => this.#writeNow(job)).catch((error) =>
      log.error(`cannot write who watches job ${job.folder.jobId}: ${messageOf(error)}`)
    );
    await job.written;
  }

  async #writeNow({ folder, watchers, left }: WatchedJob): Promise<void> {
    if (!(await isFolder(folder.path))) return;
    if (isFinalStatus((await folder.readState()).status)) return;
    const isWatched = watchers.size > 0;
    const state = isWatched ? "attached" : left === "goodbye" ? "none" : "lost";
    const by = isWatched ? this.#by : null;
    await changeRequest(
      folder,
      (request) => withWatch(request, { state, by, on_lost: this.#onLost }),
    );
  }
}

/** A worker that is gone watches no more: its jobs have lost their connection. */
export async function loseDeadWatcher(folder: JobFolder): Promise<void> {
  const { watch } = await readRequest(folder);
  if (watch.state !== "attached" || (watch.by !== null && await isAlive(watch.by))) return;
  await changeRequest(
    folder,
    (request) =>
      request.watch.by?.pid === watch.by?.pid
        ? withWatch(request, { ...request.watch, state: "lost", by: null })
        : request,
  );
}

function withWatch(request: JobRequest, watch: JobRequest["watch"]): JobRequest {
  return JSON.stringify(watch) === JSON.stringify(request.watch) ? request : { ...request, watch };
}
