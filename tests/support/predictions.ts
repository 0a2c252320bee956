/**
 * Jobs that predict with the stand-in: models, data, and real supervisors.
 *
 * @module
 */
import { join } from "node:path";
import { readTextOrNull } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import type { ChosenModel, TrackSpec } from "../../lib/protocol/track_spec.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { readEvents } from "../../worker/job_events.ts";
import type { JobFolder, JobResult } from "../../worker/job_folder.ts";
import { createQueuedJob, submitLocalJob } from "../../worker/submit.ts";
import { ended } from "./queue_bed.ts";
import type { StandInScript } from "./stand_in.ts";
import { configText, fileExists, TrainingWorld } from "./training.ts";

/** A folder with a top-down pair and a video; ended and removed at the end of its scope. */
export class PredictionBed implements AsyncDisposable {
  readonly world: TrainingWorld;
  readonly registry: ModelRegistry;
  /** Absolute path. */
  readonly data: string;
  /** A centroid and a centered-instance model. */
  readonly models: ChosenModel[];
  #jobs = 0;

  private constructor(world: TrainingWorld, registry: ModelRegistry, models: ChosenModel[]) {
    this.world = world;
    this.registry = registry;
    this.models = models;
    this.data = world.path("clip.mp4");
  }

  /** Make the folder. */
  static async create(script: StandInScript = {}): Promise<PredictionBed> {
    const world = await TrainingWorld.create(script);
    const registry = await ModelRegistry.open(world.folder);
    await Deno.writeTextFile(world.path("clip.mp4"), "a video");
    const models = [
      await makeModel(registry, "a3f5e8c9", "centroid"),
      await makeModel(registry, "b4c6d8e0", "centered_instance"),
    ];
    return new PredictionBed(world, registry, models);
  }

  /** Absolute path of a file in the folder. */
  path(name: string): string {
    return this.world.path(name);
  }

  /** The description of a new job, whose predictions go into its folder. */
  spec(change: Partial<TrackSpec> = {}): TrackSpec {
    const job_id = `job_${`${++this.#jobs}`.padStart(8, "0")}`;
    return {
      version: 1,
      job_id,
      type: "track",
      created_at: new Date().toISOString(),
      predictors: this.models,
      data_path: this.data,
      output_path: join(this.world.folder, "jobs", job_id, "predictions.slp"),
      overwrite: false,
      path_map: {},
      options: {},
      base_dir: this.world.folder,
      allow_interrupted: false,
      ...change,
    };
  }

  /** Submit a job that nobody runs. */
  async queue(change: Partial<TrackSpec> = {}): Promise<JobFolder> {
    return await createQueuedJob(this.world.folder, this.#request(change), 1);
  }

  /** Submit a job, and start its supervisor. */
  async start(change: Partial<TrackSpec> = {}): Promise<JobFolder> {
    const { folder, trainer } = this.world;
    return (await submitLocalJob(folder, this.#request(change), trainer)).folder;
  }

  /** Start a job whose sleap-nn waits at a point for the file `go`, and wait until it does. */
  async startPaused(
    point: { stage: "load" | "frames" | "half"; batch?: number },
    change: Partial<TrackSpec> = {},
    script: StandInScript = {},
  ): Promise<JobFolder> {
    await this.world.setScript({
      ...script,
      touchFileAt: { ...point, file: this.path("reached") },
      waitForFileAt: { ...point, file: this.path("go") },
    });
    const job = await this.start(change);
    await fileExists(this.path("reached"));
    return job;
  }

  /** Let a paused sleap-nn go on. */
  async goOn(): Promise<void> {
    await Deno.writeTextFile(this.path("go"), "");
  }

  /** Run a job to its end. */
  async run(change: Partial<TrackSpec> = {}): Promise<EndedPrediction> {
    return await endOf(await this.start(change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }

  #request(change: Partial<TrackSpec>) {
    return { spec: this.spec(change), configs: new Map<string, string>(), warnings: [] };
  }
}

/** How a job ended. */
export interface EndedPrediction {
  job: JobFolder;
  result: JobResult;
  events: JobEvent[];
  log: string;
}

/** How a job has ended, once it has and its supervisor has left. */
export async function endOf(job: JobFolder): Promise<EndedPrediction> {
  await ended(job);
  const result = await job.readResult();
  const log = await readTextOrNull(job.logPath) ?? "";
  if (result === null) throw new Error(`the job has no result: ${log}`);
  return { job, result, events: await readEvents(job.eventsPath), log };
}

/** The names in a folder of what a prediction writes before it is complete. */
export async function leftovers(folder: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => /^\.sleap-rtc-|^\.tmp$|\.tmp$/.test(name)).sort();
}

async function makeModel(
  registry: ModelRegistry,
  id: string,
  type: string,
): Promise<ChosenModel> {
  const folder = join(registry.root, "models", `${type}_${id}`);
  const checkpoint = join(folder, "best.ckpt");
  const config = join(folder, "training_config.yaml");
  const metrics = { best_val_loss: 1, final_val_loss: 1, best_epoch: 0, epochs_completed: 1 };
  await registry.register({
    id,
    model_type: type,
    checkpoint_path: registry.storedPath(checkpoint),
  });
  await Deno.writeTextFile(checkpoint, `weights of ${id}`);
  await Deno.writeTextFile(config, configText(type));
  await registry.markCompleted(id, metrics);
  return {
    model_id: id,
    alias: null,
    model_type: type,
    checkpoint_path: checkpoint,
    config_path: config,
    sha256: await sha256File(checkpoint),
  };
}
