/**
 * A training by the stand-in that waits where its test wants it to.
 *
 * @module
 */
import type { JobEvent, JobRequestKind } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { statFields } from "../../worker/host/process_identity.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { readEvents } from "../../worker/job_events.ts";
import type { JobFolder, JobState } from "../../worker/job_folder.ts";
import { changeRequest, type JobRequest } from "../../worker/requests/job_request.ts";
import type { CliResult, RunningCli } from "./cli.ts";
import type { Point, StandInScript } from "./stand_in.ts";
import { fileExists, type TrainingWorld } from "./training.ts";

/** A training that was started. */
export class StagedTraining {
  readonly world: TrainingWorld;
  readonly job: JobFolder;
  readonly registry: ModelRegistry;
  readonly #running: RunningCli;

  private constructor(
    world: TrainingWorld,
    job: JobFolder,
    registry: ModelRegistry,
    running: RunningCli,
  ) {
    this.world = world;
    this.job = job;
    this.registry = registry;
    this.#running = running;
  }

  /**
   * Start a training whose trainer waits at each of the points, and wait until it is at the first.
   *
   * @param points of the centroid model
   */
  static async start(
    world: TrainingWorld,
    points: Point[],
    options: { script?: StandInScript; args?: string[] } = {},
  ): Promise<StagedTraining> {
    const { script = {}, args = [] } = options;
    const files = (name: string) =>
      points.map((point, index) => ({ ...point, file: world.path(`${name}-${index}`) }));
    const staged = { touchFileAt: files("reached"), waitForFileAt: files("go") };
    await world.setScript({
      ...script,
      models: { centroid: { ...staged, ...script.models?.centroid } },
    });
    const running = world.startTrain(["--json", ...args]);
    if (points.length > 0) await fileExists(world.path("reached-0"));
    while ((await jobsOf(world)) === null) await pause();
    const job = await world.job();
    return new StagedTraining(world, job, await world.registry(), running);
  }

  /** Let the trainer go on from one of its points. */
  async goOn(point: number): Promise<void> {
    await Deno.writeTextFile(this.world.path(`go-${point}`), "");
  }

  /** Resolves when the trainer is at one of its points. */
  async reaches(point: number): Promise<void> {
    await fileExists(this.world.path(`reached-${point}`));
  }

  /** Ask something of the job, and wait until its supervisor has seen it. */
  async ask(what: JobRequestKind): Promise<void> {
    await askOfJob(this.job, this.registry, what);
    await this.says((event) => event.type === "requested" && event.what === what);
  }

  /** Change what the job's request says of who watches. */
  async watch(change: Partial<JobRequest["watch"]>): Promise<void> {
    await changeRequest(
      this.job,
      (request) => ({ ...request, watch: { ...request.watch, ...change } }),
    );
  }

  /** Resolves when so many of the job's events fit. */
  async says(fits: (event: JobEvent) => boolean, times = 1): Promise<void> {
    while ((await this.events()).filter(fits).length < times) await pause();
  }

  /** Resolves when the entry of the job's model fits. */
  async becomes(fits: (entry: ModelEntry) => boolean, modelType = "centroid"): Promise<ModelEntry> {
    while (true) {
      const [entry] = await this.registry.list({ modelType });
      if (entry !== undefined && fits(entry)) return entry;
      await pause();
    }
  }

  /** All events of the job so far. */
  async events(): Promise<JobEvent[]> {
    return await readEvents(this.job.eventsPath);
  }

  /** Kill the supervisor. */
  async killSupervisor(): Promise<void> {
    const { supervisor } = await this.job.readState();
    if (supervisor !== null) Deno.kill(supervisor.pid, "SIGKILL");
  }

  /** How `train --local`, which watches, and the job have ended. */
  async ended(): Promise<EndedTraining> {
    const result = await this.#running.ended;
    const { status, error } = await this.job.readResult() ?? { status: null, error: null };
    const models = await this.registry.list();
    const entry = (type: string) => models.find(({ model_type }) => model_type === type);
    return {
      ...result,
      status,
      error,
      state: await this.job.readState(),
      events: await this.events(),
      model: entry("centroid") ?? missing(),
      second: entry("centered_instance") ?? null,
    };
  }
}

/** How a training ended. */
export interface EndedTraining extends CliResult {
  status: string | null;
  error: string | null;
  state: JobState;
  events: JobEvent[];
  /** The centroid model. */
  model: ModelEntry;
  /** The centered-instance model. */
  second: ModelEntry | null;
}

/** Pids of the living processes of a group. */
export async function livingMembers(pgid: number): Promise<number[]> {
  const living: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(Number(name));
    if (fields !== null && fields[0] !== "Z" && Number(fields[2]) === pgid) {
      living.push(Number(name));
    }
  }
  return living;
}

async function jobsOf(world: TrainingWorld): Promise<JobFolder | null> {
  return await world.job().catch(() => null);
}

function missing(): never {
  throw new Error("no centroid model was registered");
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
