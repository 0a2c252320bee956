/**
 * Taking jobs, one at a time.
 *
 * @module
 */
import { ConflictError, NotFoundError } from "../lib/errors.ts";
import type { ModelRegistry } from "../lib/registry.ts";
import type { TrainRequest } from "../lib/training/train_request.ts";
import type { StartedSupervisor } from "./executor/local.ts";
import { JobFolder } from "./job_folder.ts";
import { lifeOf } from "./job_life.ts";
import { recoverJobs } from "./recovery.ts";
import { submitLocalJob } from "./submit.ts";

const ADOPTED_POLL_MS = 2_000;

/** Takes jobs for the registry root of a worker, and knows the supervisors it has started. */
export class JobDesk {
  readonly #registry: ModelRegistry;
  readonly #trainer: string;
  readonly #onBusy: (isBusy: boolean) => void;
  readonly #supervisors = new Map<string, StartedSupervisor>();
  readonly #warnings = new Map<string, readonly string[]>();
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param trainer absolute path of the sleap-nn to use
   * @param onBusy told when a job of ours begins, and when it has ended
   */
  constructor(registry: ModelRegistry, trainer: string, onBusy: (isBusy: boolean) => void) {
    this.#registry = registry;
    this.#trainer = trainer;
    this.#onBusy = onBusy;
  }

  /**
   * Start a job.
   *
   * @returns its ID; the job is on the disk then
   * @throws {ConflictError} while another job runs in this root
   */
  async submit(request: TrainRequest): Promise<string> {
    const taken = this.#turn.then(() => this.#submit(request));
    this.#turn = taken.catch(() => {});
    return await taken;
  }

  /** {@linkcode findRunningJob} of this root. */
  async runningJob(): Promise<string | null> {
    return await findRunningJob(this.#registry.root);
  }

  /** Look after a job that was started before this process: tell when it has ended. */
  async adopt(jobId: string): Promise<void> {
    const folder = await this.find(jobId);
    while (await lifeOf(folder).catch(() => "ended") === "alive") {
      await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ADOPTED_POLL_MS)));
    }
    this.#onBusy(this.#supervisors.size > 0);
  }

  /** The supervisor of a job that this process has started. */
  supervisorOf(jobId: string): StartedSupervisor | undefined {
    return this.#supervisors.get(jobId);
  }

  /** What the user of a job that this process has taken should know. */
  warningsOf(jobId: string): readonly string[] {
    return this.#warnings.get(jobId) ?? [];
  }

  /**
   * A job of this root.
   *
   * @throws {NotFoundError} when there is none of this ID
   */
  async find(jobId: string): Promise<JobFolder> {
    const folder = JobFolder.of(this.#registry.root, jobId);
    const isThere = folder !== null &&
      await Deno.stat(folder.path).then((info) => info.isDirectory, () => false);
    if (isThere) return folder;
    throw new NotFoundError(`The worker has no job "${jobId}"`);
  }

  async #submit(request: TrainRequest): Promise<string> {
    await recoverJobs(this.#registry);
    const running = await this.runningJob();
    if (running !== null) {
      throw new ConflictError(`it is busy with job ${running}`, {
        hint: "Wait until that has ended, or choose another worker.",
      });
    }
    const { folder, supervisor } = await submitLocalJob(
      this.#registry.root,
      request,
      this.#trainer,
    );
    this.#supervisors.set(folder.jobId, supervisor);
    this.#warnings.set(folder.jobId, request.warnings);
    this.#onBusy(true);
    supervisor.ended.then(() => {
      this.#supervisors.delete(folder.jobId);
      this.#onBusy(this.#supervisors.size > 0);
    });
    return folder.jobId;
  }
}

/**
 * The job that runs in a root, whoever has started it; null: another one may be taken.
 *
 * @param root absolute path of the registry root
 */
export async function findRunningJob(root: string): Promise<string | null> {
  for (const folder of await JobFolder.list(root)) {
    const life = await lifeOf(folder).catch(() => "ended");
    if (life === "alive") return folder.jobId;
  }
  return null;
}
