/** Real predictions: whole, stopped, and after their supervisor was killed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256File } from "../../lib/files/hash.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { inspectData } from "../../lib/sleap_nn/input_data.ts";
import { readModelFolder } from "../../lib/sleap_nn/model_folder.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { readEvents } from "../../worker/job_events.ts";
import type { JobFolder } from "../../worker/job_folder.ts";
import { lifeOf } from "../../worker/job_life.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { submitLocalJob } from "../../worker/submit.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { spawnCli } from "../support/cli.ts";
import {
  type Dataset,
  engineForTests,
  makeDataset,
  saveLinked,
  type TestEngine,
} from "../support/engine.ts";
import { endOf, leftovers } from "../support/predictions.ts";
import { until } from "../support/queue_bed.ts";

const CONFIG = fileURLToPath(new URL("../../scripts/demo/single_instance.yaml", import.meta.url));
/** So many that something can be asked meanwhile. */
const FRAMES = 300;
const engine = await engineForTests();

Deno.test({
  name: "real sleap-nn predicts with a model, is stopped, fails, and outlives no supervisor",
  ignore: engine === null,
  fn: async (test) => {
    if (engine === null) return;
    // Supervisors inherit it: two threads on two busy cores take ten times as long.
    Deno.env.set("OMP_NUM_THREADS", "1");
    using _log = new CapturedLog();
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" }));
    try {
      const bed = await RealBed.create(engine, folder);
      await test.step("frames of a video", () => predictsFrames(bed));
      await test.step("labels whose video is elsewhere", () => predictsLinked(bed));
      await test.step("a stop", () => isStopped(bed));
      await test.step("a killed supervisor", () => losesSupervisor(bed));
      await test.step("a checkpoint that is none", () => fails(bed));
    } finally {
      Deno.env.delete("OMP_NUM_THREADS");
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** A root with one trained model. */
class RealBed {
  readonly engine: TestEngine;
  readonly folder: string;
  readonly data: Dataset;
  readonly registry: ModelRegistry;
  readonly modelFolder: string;
  #jobs = 0;

  private constructor(
    { engine, folder, data, registry, modelFolder }: Pick<
      RealBed,
      "engine" | "folder" | "data" | "registry" | "modelFolder"
    >,
  ) {
    this.engine = engine;
    this.folder = folder;
    this.data = data;
    this.registry = registry;
    this.modelFolder = modelFolder;
  }

  static async create(engine: TestEngine, folder: string): Promise<RealBed> {
    const shape = { animals: 1, frames: FRAMES };
    const data = await makeDataset(engine.python, join(folder, "data"), shape);
    const env = { SLEAP_RTC_SLEAP_NN: engine.sleapNn };
    const args = ["--config", CONFIG, "--labels", data.labels, "--val-labels", data.valLabels];
    const train = ["train", "--local", "--json", "--max-epochs", "1", ...args];
    const { code, stdout, stderr } = await spawnCli(train, { cwd: folder, env }).ended;
    assert.equal(code, 0, stderr);
    const [{ id }] = JSON.parse(stdout).models;
    const registry = await ModelRegistry.open(folder);
    const modelFolder = join(folder, "models", `single_instance_${id}`);
    return new RealBed({ engine, folder, data, registry, modelFolder });
  }

  async start(change: Partial<TrackSpec> & Pick<TrackSpec, "data_path">): Promise<JobFolder> {
    const { checkpointPath, configPath, modelType } = await readModelFolder(this.modelFolder);
    const job_id = `job_${`${++this.#jobs}`.padStart(8, "0")}`;
    const spec: TrackSpec = {
      version: 1,
      job_id,
      type: "track",
      created_at: new Date().toISOString(),
      predictors: [{
        model_id: null,
        alias: null,
        model_type: modelType,
        checkpoint_path: checkpointPath,
        config_path: configPath,
        sha256: await sha256File(checkpointPath),
      }],
      output_path: join(this.folder, "jobs", job_id, "predictions.slp"),
      overwrite: false,
      path_map: {},
      options: {},
      base_dir: this.folder,
      allow_interrupted: false,
      ...change,
    };
    const request = { spec, configs: new Map<string, string>(), warnings: [] };
    return (await submitLocalJob(this.folder, request, this.engine.sleapNn)).folder;
  }

  /** Start a job on the whole video, and wait until it is at work. */
  async startLong(): Promise<JobFolder> {
    const job = await this.start({ data_path: this.data.video, options: { batch_size: 1 } });
    await until(async () =>
      (await readEvents(job.eventsPath)).some(({ type }) => type === "frames")
    );
    return job;
  }

  async inspect(path: string) {
    const options = { pathMap: {}, baseDir: this.folder };
    return await inspectData(this.engine.python, path, options);
  }
}

async function predictsFrames(bed: RealBed): Promise<void> {
  const options = { frames: "0-9", tracking: true, extra: ["--device", "cpu"] };
  const job = await bed.start({ data_path: bed.data.video, options });
  const { result, events, log } = await endOf(job);
  assert.equal(result.status, "succeeded", log);
  const path = result.output?.path ?? "";
  assert.equal(result.output?.sha256, await sha256File(path));
  const { labeledFrames, predictedFrames } = await bed.inspect(path);
  assert.equal(labeledFrames, 10);
  assert.ok(predictedFrames <= 10);
  const frames = events.filter((event) => event.type === "frames");
  assert.deepEqual([frames.at(-1)?.done, frames.at(-1)?.total], [10, 10]);
  assert.deepEqual(await leftovers(job.path), []);
}

async function predictsLinked(bed: RealBed): Promise<void> {
  const data_path = join(bed.folder, "linked.slp");
  await saveLinked(bed.engine, bed.data.valLabels, data_path, "/elsewhere/day/demo.mp4");
  const path_map = { "/elsewhere/day": join(bed.folder, "data") };
  const { result, log } = await endOf(await bed.start({ data_path, path_map }));
  assert.equal(result.status, "succeeded", log);
  const { videos } = await bed.inspect(result.output?.path ?? "");
  assert.deepEqual(videos.map(({ path, exists }) => [path, exists]), [[bed.data.video, true]]);
}

async function isStopped(bed: RealBed): Promise<void> {
  const job = await bed.startLong();
  const { trainer } = await job.readState();
  await askOfJob(job, bed.registry, "stop");
  const { result } = await endOf(job);
  assert.equal(result.status, "interrupted");
  assert.ok(trainer !== null && !(await isAlive(trainer)));
  assert.deepEqual(await leftovers(job.path), []);
}

async function losesSupervisor(bed: RealBed): Promise<void> {
  const job = await bed.startLong();
  const { supervisor, trainer } = await job.readState();
  Deno.kill(supervisor?.pid ?? 0, "SIGKILL");
  await until(async () => await lifeOf(job) === "dead");
  const recovered = await recoverJobs(bed.registry);
  assert.deepEqual(recovered, [{ jobId: job.jobId, status: "interrupted" }]);
  assert.ok(trainer !== null && !(await isAlive(trainer)));
  assert.deepEqual(await leftovers(job.path), []);
}

async function fails(bed: RealBed): Promise<void> {
  const { checkpointPath } = await readModelFolder(bed.modelFolder);
  await Deno.truncate(checkpointPath, 50_000);
  const { result, log } = await endOf(await bed.start({ data_path: bed.data.video }));
  assert.equal(result.status, "failed", log);
  assert.match(result.error ?? "", /^(?:RuntimeError|OSError): \S/);
  assert.equal(result.output, undefined);
}
