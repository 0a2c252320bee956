import assert from "node:assert/strict";
import { makeTrainRequest } from "../../lib/client/train_request.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { FileLock } from "../../lib/files/lock.ts";
import { JobFolder, type JobState } from "../../worker/job_folder.ts";
import { JobRecord } from "../../worker/job_record.ts";
import { identifyProcess, type ProcessIdentity } from "../../worker/host/process_identity.ts";
import { bookUnfinished, recoverJobs } from "../../worker/recovery.ts";
import { TrainingWorld } from "../support/training.ts";

const GONE: ProcessIdentity = { pid: 999_999, start_time: "1", boot_id: "gone", host: "gone" };

async function makeJob(world: TrainingWorld, state: Partial<JobState>): Promise<JobFolder> {
  const request = await makeTrainRequest({
    configs: [world.config],
    labels: world.labels,
    overrides: {},
    uploads: world.path("uploads"),
  });
  return await JobFolder.create(world.folder, request.spec, {
    version: 1,
    job_id: request.spec.job_id,
    status: "queued",
    updated_at: new Date().toISOString(),
    starter: null,
    supervisor: null,
    trainer: null,
    models: [{ model_id: null, status: "pending" }],
    ...state,
  }, request.configs);
}

/** Begin a job as a supervisor does, up to the registration of its model. */
async function register(folder: JobFolder, registry: ModelRegistry): Promise<string> {
  const { models: [model], job_id } = await folder.readSpec();
  if (model === undefined) throw new Error("no model");
  return await registry.register({
    id: model.full_hash.slice(0, 8),
    model_type: model.model_type,
    job_id,
    model_index: 0,
  });
}

Deno.test("a queued job whose starter is gone is booked as failed", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { starter: GONE });
  const registry = await ModelRegistry.open(world.folder);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
  assert.deepEqual(await recoverJobs(registry), [], "once");
  assert.equal((await folder.readResult())?.status, "failed");
});

Deno.test("a queued job whose starter lives is left alone", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { starter: await identifyProcess(Deno.pid) });
  assert.deepEqual(await recoverJobs(await ModelRegistry.open(world.folder)), []);
  assert.equal((await folder.readState()).status, "queued");
});

Deno.test("a job whose lock is held is left alone", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running" });
  using _lock = await FileLock.acquire(folder.lockPath);
  assert.deepEqual(await recoverJobs(await ModelRegistry.open(world.folder)), []);
});

Deno.test("killed between registration and state: the model is found and booked", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
  const entry = await registry.get(id);
  assert.equal(entry?.status, "failed");
  assert.equal(entry.reason, "power", "another boot");
  assert.equal((await folder.readResult())?.models[0]?.model_id, id);
});

Deno.test("killed between the last event and the result: the event counts", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running" });
  const registry = await ModelRegistry.open(world.folder);
  const record = await JobRecord.open(folder, registry);
  await record.record({ type: "job_finished", status: "cancelled", error: "by a person" });
  await record.close();
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "cancelled" }]);
  assert.equal((await folder.readResult())?.error, "by a person");
});

Deno.test("a supervisor that fails after the registration leaves no model in training", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running" });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  const record = await JobRecord.open(folder, registry);
  assert.equal(await bookUnfinished(record, "crash", "no space left"), "failed");
  await record.close();
  const entry = await registry.get(id);
  assert.equal(entry?.status, "failed");
  assert.equal(entry.error, "no space left");
  assert.equal((await folder.readResult())?.error, "no space left");
});

Deno.test("a dead job whose log was deleted is booked all the same", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running" });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  const trainer = {
    ...GONE,
    model: 0,
    attempt: 1,
    started_at: "2026-01-01T00:00:00Z",
    log_offset: 7,
  };
  await folder.writeState({
    ...await folder.readState(),
    trainer,
    models: [{ model_id: id, status: "training" }],
  });
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
});

Deno.test("a damaged job does not keep others from being booked", async () => {
  await using world = await TrainingWorld.create();
  const damaged = await makeJob(world, { starter: GONE });
  await Deno.writeTextFile(`${damaged.path}/state.json`, "{");
  const other = await makeJob(world, { starter: GONE });
  const registry = await ModelRegistry.open(world.folder);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: other.jobId, status: "failed" }]);
});

Deno.test("two recoveries at once book a job once", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const registries = [1, 2].map(() => ModelRegistry.open(world.folder));
  const id = await register(folder, await ModelRegistry.open(world.folder));
  await Promise.all((await Promise.all(registries)).map(recoverJobs));
  const events = (await Deno.readTextFile(folder.eventsPath)).trim().split("\n");
  const types = events.map((line) => JSON.parse(line).type);
  assert.deepEqual(types, ["model_registered", "model_finished", "job_finished"]);
  const registry = await ModelRegistry.open(world.folder);
  assert.equal((await registry.get(id))?.status, "failed");
});

Deno.test("what a killed creator left is removed after an hour", async () => {
  await using world = await TrainingWorld.create();
  const [old, young] = [world.path("jobs/.new-job_1"), world.path("jobs/.new-job_2")];
  for (const path of [old, young]) await Deno.mkdir(path, { recursive: true });
  const before = new Date(Date.now() - 2 * 3_600_000);
  await Deno.utime(old, before, before);
  await recoverJobs(await ModelRegistry.open(world.folder));
  await assert.rejects(Deno.stat(old));
  assert.ok((await Deno.stat(young)).isDirectory);
});
