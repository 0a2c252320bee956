/** SIGKILL at every point of a training: of the supervisor, of the trainer, and of both. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { makeTrainRequest, type TrainRequest } from "../../lib/training/train_request.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { JOB_VARIABLE, markOf } from "../../worker/host/process_group.ts";
import { identifyProcess } from "../../worker/host/process_identity.ts";
import { readEvents } from "../../worker/job_events.ts";
import { isFinalStatus, JobFolder } from "../../worker/job_folder.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { resumeRequest } from "../../worker/resume/resume_request.ts";
import { CapturedLog } from "../support/captured_log.ts";
import {
  type KillPoint,
  OTHER_POINTS,
  TRAINER_POINTS,
  type Victim,
} from "../support/kill_point.ts";
import {
  assertAllSix,
  assertSound as assertManifest,
  breakTraining,
  LOSSES,
  resumeModel,
} from "../support/resuming.ts";
import { TrainingWorld } from "../support/training.ts";

/** How the job ends, whoever is killed. */
const STATUS: Record<KillPoint, string> = {
  "before the registration": "failed",
  "between the registration and the state": "failed",
  "between the trainer's spawn and the state": "failed",
  "between the trainer's state and its event": "failed",
  "between an epoch and its booking": "interrupted",
  "between a checkpoint and its event": "interrupted",
  "between a checkpoint's event and its booking": "interrupted",
  "between the trainer's end and its event": "succeeded",
  "between the end of a model and its booking": "succeeded",
  "between the completed entry and the state": "succeeded",
  "between the end of the job and its result": "succeeded",
  "between the result and the final state": "succeeded",
};
const SUPERVISOR = fileURLToPath(new URL("../support/kill_point.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

async function newTraining(world: TrainingWorld): Promise<JobFolder> {
  return await submit(
    world,
    await makeTrainRequest({
      configs: [world.config],
      labels: world.labels,
      overrides: {},
      uploads: world.path("uploads"),
    }),
  );
}

async function submit(world: TrainingWorld, { spec, configs }: TrainRequest): Promise<JobFolder> {
  return await JobFolder.create(world.folder, spec, {
    version: 1,
    job_id: spec.job_id,
    status: "queued",
    updated_at: new Date().toISOString(),
    starter: await identifyProcess(Deno.pid),
    supervisor: null,
    trainer: null,
    models: [{ model_id: null, status: "pending" }],
  }, configs);
}

/** Run a job's supervisor, as the executor does, until it ends or is killed; by which signal. */
async function runUntilKilled(
  world: TrainingWorld,
  job: JobFolder,
  point: KillPoint,
  victim: Victim,
): Promise<string | null> {
  const log = await open(job.logPath, "a");
  const args = ["run", "--quiet", "-A", "--config", CONFIG, SUPERVISOR, job.path, point, victim];
  const child = spawn(Deno.execPath(), args, {
    env: { ...Deno.env.toObject(), SLEAP_RTC_SLEAP_NN: world.trainer },
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const [_code, signal] = await once(child, "exit");
  await log.close();
  return signal;
}

/** Everything that carries the mark of a job's trainer. */
async function processesOf(job: JobFolder): Promise<string[]> {
  const mark = `${JOB_VARIABLE}=${await markOf(job.path)}`;
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (environment.split("\0").includes(mark)) found.push(name);
  }
  return found;
}

/** The manifest is valid, what it says is true, no process is left, and a resume is possible. */
async function assertSound(world: TrainingWorld, job: JobFolder): Promise<void> {
  JSON.parse(await Deno.readTextFile(world.path("models/.registry/manifest.json")));
  assert.deepEqual(await processesOf(job), []);
  const state = await job.readState();
  const result = await job.readResult();
  assert.ok(isFinalStatus(state.status), state.status);
  assert.equal(result?.status, state.status);
  assert.deepEqual(result.models, state.models);
  const events = await readEvents(job.eventsPath);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assert.equal(events.filter(({ type }) => type === "job_finished").length, 1);
  const registry = await ModelRegistry.open(world.folder);
  const [entry, ...others] = await registry.list();
  assert.deepEqual(others, []);
  if (entry === undefined) return assert.equal(state.status, "failed");
  assert.equal(state.models[0]?.model_id, entry.id);
  assert.equal(state.models[0]?.status, entry.status);
  assert.equal(state.status, entry.status === "completed" ? "succeeded" : entry.status);
  assert.equal(isRunning(entry), false);
  const run = world.path(`models/centroid_${entry.id}`);
  const best = await readCheckpoint(`${run}/best.ckpt`);
  const last = await readCheckpoint(`${run}/last.ckpt`);
  assert.equal(entry.status !== "failed", best.ok || last.ok, `is ${entry.status}`);
  if (entry.status !== "failed") {
    const checkpoint = await readCheckpoint(await registry.getCheckpointPath(entry.id));
    assert.ok(checkpoint.ok);
    assert.equal(checkpoint.epoch, entry.checkpoint?.epoch);
  }
  await registry.resume(entry.id, { jobId: "job_00000009", modelIndex: 0, restart: false });
}

async function killAt(point: KillPoint, victim: Victim): Promise<void> {
  using _log = new CapturedLog();
  await using world = await TrainingWorld.create({ batchMs: 2 });
  // In its second epoch it waits for what never comes.
  const waitForFileAt = { epoch: 1, file: world.path("never") };
  if (isTrainerPoint(point)) await world.setScript({ waitForFileAt });
  const job = await newTraining(world);
  const signal = await runUntilKilled(world, job, point, victim);
  assert.equal(signal, victim === "trainer" ? null : "SIGKILL");
  await recoverJobs(await ModelRegistry.open(world.folder));
  assert.deepEqual(await recoverJobs(await ModelRegistry.open(world.folder)), []);
  await assertSound(world, job);
  const { status } = await job.readState();
  assert.equal(status, STATUS[point]);
}

function isTrainerPoint(point: KillPoint): boolean {
  return TRAINER_POINTS.some((one) => one === point);
}

const MATRIX: [Victim, readonly KillPoint[]][] = [
  ["supervisor", [...OTHER_POINTS, ...TRAINER_POINTS]],
  ["trainer", TRAINER_POINTS],
  ["both", TRAINER_POINTS],
];

for (const [victim, points] of MATRIX) {
  Deno.test({
    name: `SIGKILL of ${victim} at every point: what is booked is true, no process is left`,
    // Only Linux shows the marks of processes.
    ignore: Deno.build.os !== "linux",
    fn: async (test) => {
      for (const point of points) await test.step(point, () => killAt(point, victim));
    },
  });
}

/** What is resumed, and how: each kind has a checkpoint that no kill may cost. */
const RESUMES = {
  "of an interrupted model": {
    before: (world: TrainingWorld) => breakTraining(world, { epoch: 3 }),
    options: { restart: false },
  },
  "of a completed model for more epochs": {
    async before(world: TrainingWorld) {
      await world.setScript({ valLosses: LOSSES });
      assert.equal((await world.train(["--max-epochs", "4"])).code, 0);
      return await world.model();
    },
    options: { restart: false, maxEpochs: 6 },
  },
  "from epoch 0": {
    before: (world: TrainingWorld) => breakTraining(world, { epoch: 3 }),
    options: { restart: true, maxEpochs: 6 },
  },
};

/** Before the trainer's start was written down, what the model had is still what it has. */
const NOT_BEGUN: readonly KillPoint[] = [
  "between the registration and the state",
  "between the trainer's spawn and the state",
  "between the trainer's state and its event",
];

async function killResumeAt(
  point: KillPoint,
  { before, options }: typeof RESUMES[keyof typeof RESUMES],
): Promise<void> {
  using _log = new CapturedLog();
  await using world = await TrainingWorld.create({ batchMs: 2 });
  const old = await before(world);
  const registry = await world.registry();
  const waitForFileAt = { epoch: 5, file: world.path("never") };
  const isInTraining = isTrainerPoint(point);
  await world.setScript({ valLosses: LOSSES, ...(isInTraining ? { waitForFileAt } : {}) });
  const job = await submit(world, await resumeRequest(registry, old.id, options));
  assert.equal(await runUntilKilled(world, job, point, "supervisor"), "SIGKILL");
  await recoverJobs(registry);
  assert.deepEqual(await recoverJobs(registry), []);
  assert.deepEqual(await processesOf(job), []);
  await assertManifest(world);
  const entry = await world.model();
  const inJob = (await job.readResult())?.models[0]?.status;
  const staysCompleted = entry.warning?.startsWith("It was not trained any further") ?? false;
  if (staysCompleted) assert.deepEqual([entry.status, inJob], ["completed", "failed"]);
  else assert.equal(inJob, entry.status);
  const isNew = entry.attempts?.some(({ attempt }) => attempt > 1) ?? false;
  assert.equal(isNew, !NOT_BEGUN.includes(point));
  if (!isNew) assert.deepEqual(entry.checkpoint?.sha256, old.checkpoint?.sha256);
  if (entry.status === "completed" && entry.last_epoch === 5) return;
  const isLost = entry.status === "failed";
  assert.equal(isLost, options.restart && isNew && entry.last_checkpoint_path === null);
  await world.setScript({ valLosses: LOSSES });
  const restart = isLost ? ["--restart"] : [];
  const again = await resumeModel(world, old.id, ["--max-epochs", "6", ...restart]);
  assert.equal(again.code, 0, again.stderr);
  await assertAllSix(world, await world.model());
}

for (const [kind, resume] of Object.entries(RESUMES)) {
  Deno.test({
    name: `SIGKILL of a resume ${kind} at every point costs no checkpoint`,
    ignore: Deno.build.os !== "linux",
    async fn(test) {
      const points = OTHER_POINTS.filter((point) => point !== "before the registration");
      for (const point of [...points, ...TRAINER_POINTS]) {
        await test.step(point, () => killResumeAt(point, resume));
      }
    },
  });
}
