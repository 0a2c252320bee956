/**
 * Which job of a root runs next: takes jobs, lets them wait in order, starts them, and books those
 * whose supervisor is gone. Everything that matters is on the disk: a worker that is started again
 * goes on where the one before was.
 *
 * @module
 */
import { messageOf, NotFoundError } from "../lib/errors.ts";
import { isFolder } from "../lib/files/file_info.ts";
import { logger } from "../lib/log.ts";
import type { ModelRegistry } from "../lib/registry.ts";
import type { StartedSupervisor } from "./executor/local.ts";
import { JobFolder } from "./job_folder.ts";
import type { NewJob } from "./new_job.ts";
import { withJobId } from "./prediction/output_in_job.ts";
import { findJobOfKey } from "./queue/job_ids.ts";
import { OpenJobs } from "./queue/open_jobs.ts";
import { placesOf, type QueuePlace } from "./queue/places.ts";
import { startJob } from "./queue/start_job.ts";
import { JobUndertaker } from "./queue/undertaker.ts";
import { createQueuedJob } from "./submit.ts";

const log = logger("jobs");
const LOOK_MS = 2_000;

/** Options of {@linkcode JobQueue}. */
export interface QueueOptions {
  /** Absolute path of the sleap-nn to use. */
  trainer: string;
  /** How many jobs may run at once. */
  maxJobs: number;
  /** IDs of jobs that are known to have ended. */
  ended?: Iterable<string>;
}

interface WaitingJob {
  folder: JobFolder;
  turn: number;
}

/** How full a queue is. */
export interface QueueFill {
  /** A job that runs, or comes first; null: one would start at once. */
  busyWith: string | null;
  waiting: number;
}

/** The queue of a worker's root. Nothing is started before {@linkcode JobQueue.start}. */
export class JobQueue {
  readonly maxJobs: number;
  readonly #registry: ModelRegistry;
  readonly #trainer: string;
  readonly #open: OpenJobs;
  readonly #undertaker: JobUndertaker;
  readonly #supervisors = new Map<string, StartedSupervisor>();
  readonly #warnings = new Map<string, readonly string[]>();
  #running: readonly string[] = [];
  #waiting: readonly WaitingJob[] = [];
  #places: ReadonlyMap<string, QueuePlace> = new Map();
  #highestTurn = 0;
  #chain: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  constructor(registry: ModelRegistry, { trainer, maxJobs, ended }: QueueOptions) {
    this.#registry = registry;
    this.#trainer = trainer;
    this.maxJobs = maxJobs;
    this.#open = new OpenJobs(registry.root, ended);
    this.#undertaker = new JobUndertaker(registry, () => void this.look());
  }

  /** Begin to start jobs; resolves after the first look at them. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    await this.look();
  }

  /** Start and book no more jobs. Those that run go on; those that wait are started by the next worker. */
  async close(): Promise<void> {
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
    this.#isClosed = true;
    await this.#chain;
    await this.#undertaker.idle();
  }

  /**
   * Take a job. The same idempotency key gives the same job.
   *
   * @returns its ID; the job is on the disk then
   * @throws {SleapRtcError} when it cannot be written
   */
  async submit(request: NewJob): Promise<string> {
    // In turn with the looks, which would otherwise overlook a job that is written meanwhile.
    const jobId = await this.#inTurn(() => this.#submit(request));
    void this.look();
    return jobId;
  }

  /** The job that was submitted with a key; null: there is none. */
  async findByKey(key: string): Promise<string | null> {
    const { known } = await findJobOfKey(this.#registry.root, key);
    return known?.jobId ?? null;
  }

  /**
   * A job of this root.
   *
   * @throws {NotFoundError} when there is none of this ID
   */
  async find(jobId: string): Promise<JobFolder> {
    const folder = JobFolder.of(this.#registry.root, jobId);
    if (folder !== null && await isFolder(folder.path)) return folder;
    throw new NotFoundError(`The worker has no job "${jobId}"`);
  }

  /** Where a job waits; null: it does not, or it is about to start. */
  placeOf(jobId: string): QueuePlace | null {
    return this.#places.get(jobId) ?? null;
  }

  /** Would a job start at once, and how many wait? */
  get fill(): QueueFill {
    const first = this.#running[0] ?? this.#waiting[0]?.folder.jobId ?? null;
    const isFull = this.#running.length + this.#waiting.length >= this.maxJobs;
    return { busyWith: isFull ? first : null, waiting: this.#places.size };
  }

  /** Resolves when some job begins, ends, or gets another place. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** The supervisor of a job that this process has started. */
  supervisorOf(jobId: string): StartedSupervisor | undefined {
    return this.#supervisors.get(jobId);
  }

  /** What the user of a job that this process has taken should know. */
  warningsOf(jobId: string): readonly string[] {
    return this.#warnings.get(jobId) ?? [];
  }

  /** Look at the jobs now: book the dead, start those whose turn has come. Never rejected. */
  look(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#nextLook ??= this.#inTurn(async () => {
      this.#nextLook = null;
      await this.#look().catch((error) => log.error(`cannot look at jobs: ${messageOf(error)}`));
    });
    return this.#nextLook;
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#chain.then(act);
    this.#chain = done.then(() => {}, () => {});
    return done;
  }

  async #submit(request: NewJob): Promise<string> {
    const { root } = this.#registry;
    const key = request.spec.idempotency_key;
    const { known, freeId } = key ? await findJobOfKey(root, key) : { known: null, freeId: null };
    if (known !== null) return known.jobId;
    const jobId = freeId ?? request.spec.job_id;
    const turn = this.#highestTurn + 1;
    const spec = withJobId(request.spec, root, jobId);
    const folder = await createQueuedJob(root, { ...request, spec }, turn);
    this.#highestTurn = turn;
    this.#warnings.set(jobId, request.warnings);
    this.#update(this.#running, [...this.#waiting, { folder, turn }]);
    return jobId;
  }

  async #look(): Promise<void> {
    const jobs = await this.#open.look();
    const running = jobs.filter(({ folder, life }) =>
      (life === "alive" || life === "dead") && !this.#undertaker.hasGivenUp(folder)
    );
    for (const { folder, life } of running) {
      if (life === "dead" || this.#undertaker.isOrphan(folder)) this.#undertaker.book(folder);
    }
    const waiting = jobs.flatMap(({ folder, turn }) => turn === null ? [] : { folder, turn });
    waiting.sort((a, b) => a.turn - b.turn);
    this.#highestTurn = Math.max(this.#highestTurn, waiting.at(-1)?.turn ?? 0);
    this.#update(running.map(({ folder }) => folder.jobId), waiting);
    await this.#startWaiting();
  }

  async #startWaiting(): Promise<void> {
    for (const { folder } of this.#waiting) {
      if (this.#timer === null || this.#running.length >= this.maxJobs) return;
      const isStarted = await this.#start(folder);
      const rest = this.#waiting.filter((job) => job.folder.jobId !== folder.jobId);
      this.#update(isStarted ? [...this.#running, folder.jobId] : this.#running, rest);
    }
  }

  /** False: it was not started. What is amiss with it shows at the next look. */
  async #start(folder: JobFolder): Promise<boolean> {
    const { jobId } = folder;
    const supervisor = await startJob(folder, this.#registry, this.#trainer).catch((error) => {
      log.error(`job ${jobId}: ${messageOf(error)}`);
      return null;
    });
    if (supervisor === null) return false;
    this.#supervisors.set(jobId, supervisor);
    void supervisor.ended.then(() => {
      this.#supervisors.delete(jobId);
      this.#undertaker.addOrphan(folder);
      void this.look();
    });
    return true;
  }

  #update(running: readonly string[], waiting: readonly WaitingJob[]): void {
    const before = [this.#running.join(), this.#waiting.map(({ folder }) => folder.jobId).join()];
    const waitingIds = waiting.map(({ folder }) => folder.jobId);
    this.#running = running;
    this.#waiting = waiting;
    this.#places = placesOf({ running, waiting: waitingIds, maxJobs: this.maxJobs });
    if (before[0] === running.join() && before[1] === waitingIds.join()) return;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
