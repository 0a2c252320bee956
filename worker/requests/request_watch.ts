/**
 * What a supervisor is asked, as long as it lives: `request.json` is looked at again and again, and
 * so is the worker by way of which somebody watches.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { stampOfSync } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import { isAlive, placeOf, type ProcessIdentity } from "../host/process_identity.ts";
import type { JobFolder } from "../job_folder.ts";
import { type JobRequest, NO_REQUEST, type OnDisconnect, readRequest } from "./job_request.ts";

const log = logger("supervisor");
const POLL_MS = 1_000;
const WORKER_CHECK_MS = 3_000;

/** What is asked of a job now. */
export interface PresentWish {
  /** How the job is to end; a `cancel` is never taken back, nor made a `stop`. */
  end: "stop" | "cancel" | null;
  /** The model that is to finish early. */
  finish: number | null;
  /** The last watcher vanished without a goodbye, or the worker did by way of which it watches. */
  isLost: boolean;
  /** What to do while it is so. */
  onLost: OnDisconnect;
}

/** Options of {@linkcode RequestWatch.start}. */
export interface RequestWatchOptions {
  /** How often to look at the file, in milliseconds. @default {1_000} */
  pollMs?: number;
  /** How often to look whether the worker lives, in milliseconds. @default {3_000} */
  workerCheckMs?: number;
}

/** Looks at the request of one job, and tells when it changes. */
export class RequestWatch {
  readonly #folder: JobFolder;
  readonly #pollMs: number;
  readonly #workerCheckMs: number;
  readonly #listeners = new Set<() => void>();
  #request: JobRequest = NO_REQUEST;
  #stamp: string | null = null;
  #isWorkerGone = false;
  #nextWorkerCheck = 0;
  #now: PresentWish = { end: null, finish: null, isLost: false, onLost: "continue" };
  #looking: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  private constructor(folder: JobFolder, options: RequestWatchOptions) {
    this.#folder = folder;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#workerCheckMs = options.workerCheckMs ?? WORKER_CHECK_MS;
  }

  /** Begin to watch; the first look is done when the promise resolves. */
  static async start(folder: JobFolder, options: RequestWatchOptions = {}): Promise<RequestWatch> {
    const watch = new RequestWatch(folder, options);
    await watch.look();
    watch.#schedule();
    return watch;
  }

  /** What is asked, as of the last look. */
  get now(): PresentWish {
    return this.#now;
  }

  /**
   * Be told of every change, after it has become {@linkcode RequestWatch.now}.
   *
   * @returns ends it
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Look now rather than at the next turn. */
  async look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    await this.#looking;
  }

  /** Look no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.look().then(() => this.#schedule()), this.#pollMs);
  }

  /** A drive that does not answer is no wish, and must not end a training. */
  async #look(): Promise<void> {
    try {
      await this.#readIfChanged();
      await this.#lookAtWorker();
      this.#become(this.#wish());
    } catch (error) {
      log.warn(`cannot look at the job's request: ${messageOf(error)}`);
    }
  }

  #wish(): PresentWish {
    const { end, finish, watch } = this.#request;
    return {
      end: this.#now.end === "cancel" ? "cancel" : end?.what ?? this.#now.end,
      finish: finish?.model ?? this.#now.finish,
      isLost: watch.state === "lost" || (watch.state === "attached" && this.#isWorkerGone),
      onLost: watch.on_lost,
    };
  }

  async #readIfChanged(): Promise<void> {
    const stamp = stampOfSync(this.#folder.requestPath);
    if (stamp === this.#stamp) return;
    // The stamp of before the reading: what is written meanwhile is read at the next look.
    this.#request = await readRequest(this.#folder);
    this.#stamp = stamp;
    this.#nextWorkerCheck = 0;
  }

  async #lookAtWorker(): Promise<void> {
    const { state, by } = this.#request.watch;
    if (state !== "attached" || by === null || performance.now() < this.#nextWorkerCheck) return;
    this.#nextWorkerCheck = performance.now() + this.#workerCheckMs;
    this.#isWorkerGone = await isGone(by);
  }

  #become(wish: PresentWish): void {
    const before = this.#now;
    const isSame = wish.end === before.end && wish.finish === before.finish &&
      wish.isLost === before.isLost && wish.onLost === before.onLost;
    if (isSame) return;
    this.#now = wish;
    for (const listener of this.#listeners) listener();
  }
}

/** A worker of another machine cannot be looked at from here, and counts as alive. */
async function isGone(worker: ProcessIdentity): Promise<boolean> {
  return await placeOf(worker) !== "elsewhere" && !(await isAlive(worker));
}
