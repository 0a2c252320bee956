import assert from "node:assert/strict";
import { hostname } from "node:os";
import { makeTrainRequest } from "../../lib/training/train_request.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { FileLock } from "../../lib/files/lock.ts";
import { JobFolder, type JobState } from "../../worker/job_folder.ts";
import { lifeOf } from "../../worker/job_life.ts";
import { JobRecord } from "../../worker/record/job_record.ts";
import { identifyProcess, type ProcessIdentity } from "../../worker/host/process_identity.ts";
import { bookUnfinished } from "../../worker/recovery/book_job.ts";
import { recoverJob, recoverJobs } from "../../worker/recovery.ts";
import { changeRequest } from "../../worker/requests/job_request.ts";
import { locateModel } from "../../worker/view/locate_models.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { TrainingWorld } from "../support/training.ts";

/** A process of this machine before its last boot. */
const GONE: ProcessIdentity = {
  pid: 999_999,
  start_time: "1",
  boot_id: "gone",
  pid_namespace: null,
  host: hostname(),
};

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
  const { models: [model], job_id } = await folder.readTrainSpec();
  if (model === undefined) throw new Error("no model");
  return await registry.register({
    id: model.full_hash.slice(0, 8),
    model_type: model.model_type,
    job_id,
    model_index: 0,
  });
}

Deno.test("a job that waits in the queue is left alone, also after its worker died", async () => {
  await using world = await TrainingWorld.create();
  const jobs = [
    await makeJob(world, { turn: 1 }),
    await makeJob(world, { turn: 2, starter: GONE }),
    await makeJob(world, { turn: 3, starter: { ...GONE, host: "elsewhere" } }),
  ];
  const registry = await ModelRegistry.open(world.folder);
  assert.deepEqual(await recoverJobs(registry), []);
  assert.deepEqual(await Promise.all(jobs.map(lifeOf)), ["waiting", "waiting", "elsewhere"]);
  for (const job of jobs) assert.equal((await job.readState()).status, "queued");
});

Deno.test("a queued job whose starter is gone is booked as failed", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { starter: GONE });
  const registry = await ModelRegistry.open(world.folder);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
  assert.deepEqual(await recoverJobs(registry), [], "once");
  assert.equal((await folder.readResult())?.status, "failed");
});

Deno.test("a job that was stopped before its first model, then lost: it says so", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const end = { what: "stop" as const, asked_at: new Date().toISOString() };
  await changeRequest(folder, (request) => ({ ...request, end }));
  await recoverJobs(await ModelRegistry.open(world.folder));
  const { status, error } = await folder.readResult() ?? {};
  assert.equal(status, "interrupted");
  assert.match(error ?? "", /ended before its first model was begun \(stopped\): submit it again$/);
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
  const record = await JobRecord.open(folder, registry, await folder.readState());
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
  const record = await JobRecord.open(folder, registry, await folder.readState());
  assert.equal(await bookUnfinished(record, { reason: "crash", error: "no space left" }), "failed");
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

Deno.test("a damaged or lost state is written anew, what was there is kept", async () => {
  for (const text of ["{", '{"version": 1, "status": "odd"}', "", null]) {
    await using world = await TrainingWorld.create();
    const folder = await makeJob(world, { status: "running", supervisor: GONE });
    const registry = await ModelRegistry.open(world.folder);
    const id = await register(folder, registry);
    if (text === null) await Deno.remove(folder.statePath);
    else await Deno.writeTextFile(folder.statePath, text);
    assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
    assert.equal((await registry.get(id))?.status, "failed");
    assert.equal((await folder.readState()).models[0]?.model_id, id);
    const kept = (await namesIn(folder.path)).filter((name) => name.includes("corrupted"));
    assert.equal(kept.length, text === null ? 0 : 1);
    for (const name of kept) assert.equal(await Deno.readTextFile(`${folder.path}/${name}`), text);
  }
});

Deno.test("a damaged or lost description does not keep a job from being booked", async () => {
  for (const text of ["{", null]) {
    await using world = await TrainingWorld.create();
    const folder = await makeJob(world, { status: "running", supervisor: GONE });
    const registry = await ModelRegistry.open(world.folder);
    const id = await register(folder, registry);
    if (text === null) await Deno.remove(folder.specPath);
    else await Deno.writeTextFile(folder.specPath, text);
    await recoverJobs(registry);
    assert.equal((await registry.get(id))?.status, "failed");
  }
});

Deno.test("a result outlives the loss of the state", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running" });
  const registry = await ModelRegistry.open(world.folder);
  const record = await JobRecord.open(folder, registry, await folder.readState());
  await record.finish("succeeded", null);
  await record.close();
  await Deno.remove(folder.statePath);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "succeeded" }]);
  assert.equal((await folder.readState()).status, "succeeded");
});

Deno.test("events that were lost from the file do not keep a model from being booked", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  await registry.update(
    id,
    (entry) => ({ ...entry, booked: { job_id: folder.jobId, attempt: 1, seq: 40 } }),
  );
  await Deno.writeTextFile(folder.eventsPath, "\u0000garbage\n{\n");
  await recoverJobs(registry);
  const entry = await registry.get(id);
  assert.equal(entry?.status, "failed");
  assert.ok((entry.booked?.seq ?? 0) > 40);
});

Deno.test("a job without anything in its folder is booked as failed", async () => {
  await using world = await TrainingWorld.create();
  const path = world.path("jobs/job_0000000a");
  await Deno.mkdir(path, { recursive: true });
  const registry = await ModelRegistry.open(world.folder);
  assert.deepEqual(await recoverJobs(registry), [{ jobId: "job_0000000a", status: "failed" }]);
});

Deno.test("a model whose job's folder was deleted is booked once it is silent", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  await Deno.remove(folder.path, { recursive: true });
  assert.deepEqual(await recoverJobs(registry), [], "it may go on: a folder can be deleted");
  await registry.update(id, (entry) => ({ ...entry, created_at: "2026-01-01T00:00:00Z" }));
  const old = new Date("2026-01-01T00:00:00Z");
  for (const name of await namesIn(world.path(`models/centroid_${id}`))) {
    await Deno.utime(world.path(`models/centroid_${id}/${name}`), old, old);
  }
  assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
  assert.equal((await registry.get(id))?.status, "failed");
});

Deno.test("another machine's or container's job is left to it until it is silent", async () => {
  const self = await identifyProcess(Deno.pid);
  const others = [
    { ...self, boot_id: "another", host: "gpu2" },
    { ...self, pid_namespace: "pid:[1]" },
  ];
  for (const supervisor of others) {
    await using world = await TrainingWorld.create();
    const folder = await makeJob(world, { status: "running", supervisor });
    const registry = await ModelRegistry.open(world.folder);
    const id = await register(folder, registry);
    const located = async () => await locateModel(registry, await registry.resolve(id));
    assert.deepEqual(await recoverJobs(registry), []);
    assert.equal((await located()).supervised, true);
    const old = new Date(Date.now() - 2 * 3_600_000);
    await Deno.writeTextFile(folder.logPath, "");
    await Deno.utime(folder.statePath, old, old);
    assert.deepEqual(await recoverJobs(registry), [], "its log shows life");
    await Deno.utime(folder.logPath, old, old);
    assert.equal((await located()).supervised, false);
    assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
  }
});

Deno.test("a newer program's job is left to it", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const text = JSON.stringify({ version: 2, phase: "something else" });
  await Deno.writeTextFile(folder.statePath, text);
  const registry = await ModelRegistry.open(world.folder);
  using log = new CapturedLog();
  assert.deepEqual(await recoverJobs(registry), []);
  assert.equal(await Deno.readTextFile(folder.statePath), text);
  assert.deepEqual(log.lines.filter((line) => !line.startsWith("debug")), []);
});

Deno.test("an older manifest that was put back is booked anew", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "running", supervisor: GONE });
  const registry = await ModelRegistry.open(world.folder);
  const id = await register(folder, registry);
  const manifest = world.path("models/.registry/manifest.json");
  const before = await Deno.readTextFile(manifest);
  await recoverJobs(registry);
  await Deno.writeTextFile(manifest, before);
  await Deno.remove(world.path(`models/centroid_${id}/model.json`));
  assert.equal((await registry.get(id))?.status, "training");
  assert.deepEqual(await recoverJobs(registry), [], "the job has ended before");
  assert.equal((await registry.get(id))?.status, "failed");
});

Deno.test("the reserve of a job that has ended is given back", async () => {
  await using world = await TrainingWorld.create();
  const folder = await makeJob(world, { status: "succeeded" });
  assert.ok((await namesIn(folder.path)).includes("reserve"));
  await recoverJobs(await ModelRegistry.open(world.folder));
  assert.ok(!(await namesIn(folder.path)).includes("reserve"));
});

Deno.test("a deleted lock file makes no dead job of a living one", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const job = await world.job();
  await Deno.remove(job.lockPath);
  const registry = await world.registry();
  assert.equal((await locateModel(registry, await world.model())).supervised, true);
  assert.deepEqual(await recoverJobs(registry), []);
  await assert.rejects(recoverJob(job, registry), /has a supervisor: process \d+/);
  await goOn();
  assert.equal((await training.ended).code, 0);
  assert.equal((await world.model()).status, "completed");
});

Deno.test("folders in the place of a job's files: kept aside, the model is booked", async () => {
  for (const name of ["state.json", "events.ndjson", "log.txt", "result.json"]) {
    await using world = await TrainingWorld.create();
    const folder = await makeJob(world, { status: "running", supervisor: GONE });
    const registry = await ModelRegistry.open(world.folder);
    const id = await register(folder, registry);
    await Deno.remove(`${folder.path}/${name}`).catch(() => {});
    await Deno.mkdir(`${folder.path}/${name}`);
    assert.equal((await locateModel(registry, await registry.resolve(id))).supervised, false);
    assert.deepEqual(await recoverJobs(registry), [{ jobId: folder.jobId, status: "failed" }]);
    assert.equal((await registry.get(id))?.status, "failed", name);
    assert.ok((await namesIn(folder.path)).some((kept) => kept.startsWith(`${name}.corrupted`)));
  }
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

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
