/**
 * A queue in the tests' own process, whose supervisors and trainers are real.
 *
 * @module
 */
import type { ModelRegistry } from "../../lib/registry.ts";
import { makeTrainRequest, type TrainRequest } from "../../lib/training/train_request.ts";
import type { JobFolder } from "../../worker/job_folder.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { JobQueue } from "../../worker/queue.ts";
import type { StandInScript } from "./stand_in.ts";
import { TrainingWorld } from "./training.ts";

/** A root with a queue; ended and removed at the end of its scope. */
export class QueueBed implements AsyncDisposable {
  readonly world: TrainingWorld;
  readonly registry: ModelRegistry;
  #queue: JobQueue;

  private constructor(world: TrainingWorld, registry: ModelRegistry, maxJobs: number) {
    this.world = world;
    this.registry = registry;
    this.#queue = this.#newQueue(maxJobs);
  }

  /** Make the folder. Trainers write down their start, and wait in their second epoch. */
  static async create({ maxJobs = 1, script = {} as StandInScript } = {}): Promise<QueueBed> {
    const world = await TrainingWorld.create();
    await world.setScript({
      recordTo: world.path("starts"),
      touchFileAt: { epoch: 1, file: world.path("reached") },
      waitForFileAt: { epoch: 1, file: world.path("go") },
      ...script,
    });
    return new QueueBed(world, await world.registry(), maxJobs);
  }

  /** The queue; nothing starts before it is told to. */
  get queue(): JobQueue {
    return this.#queue;
  }

  /** Another queue in the place of the one before, as in a worker that is started again. */
  async restart(maxJobs = 1): Promise<void> {
    await this.#queue.close();
    this.#queue = this.#newQueue(maxJobs);
    await this.#queue.start();
  }

  /** What is asked of the queue. */
  async request(runName: string, key?: string): Promise<TrainRequest> {
    const { world } = this;
    const request = await makeTrainRequest({
      configs: [world.config],
      labels: world.labels,
      runName,
      overrides: {},
      uploads: world.path("uploads"),
      baseDir: world.folder,
    });
    if (key === undefined) return request;
    return { ...request, spec: { ...request.spec, idempotency_key: key } };
  }

  /** Submit a job. */
  async submit(runName: string, key?: string): Promise<JobFolder> {
    const jobId = await this.#queue.submit(await this.request(runName, key));
    return await this.#queue.find(jobId);
  }

  /** Let all trainers go on. */
  async goOn(): Promise<void> {
    await Deno.writeTextFile(this.world.path("go"), "");
  }

  /** Jobs of the trainers, in the order of their starts. */
  async starts(): Promise<string[]> {
    const text = await Deno.readTextFile(this.world.path("starts")).catch(() => "");
    const starts = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    return starts.filter(({ args }) => args[0] === "train")
      .map(({ env }) => /job_[0-9a-f]{8}/.exec(env.SLEAP_RTC_JOB)?.[0] ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
    await this.world[Symbol.asyncDispose]();
  }

  #newQueue(maxJobs: number): JobQueue {
    return new JobQueue(this.registry, { trainer: this.world.trainer, maxJobs });
  }
}

/** Resolves when a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Resolves with the final status of a job, once its supervisor has left. */
export async function ended(job: JobFolder): Promise<string> {
  await until(async () => await job.readResult() !== null);
  await until(async () => {
    const { status, supervisor } = await job.readState();
    return status !== "running" && (supervisor === null || !(await isAlive(supervisor)));
  });
  return (await job.readState()).status;
}

/** Resolves when the trainer of a job is at work. */
export async function trains(job: JobFolder): Promise<void> {
  await until(async () => (await job.readState()).trainer !== null);
}
