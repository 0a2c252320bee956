/** A kill leaves what was written; only a replay shows what a power cut may leave. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { readEvents } from "../../worker/job_events.ts";
import { isFinalStatus, JobFolder } from "../../worker/job_folder.ts";
import { changeRequest, type JobRequest, readRequest } from "../../worker/requests/job_request.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { CapturedLog } from "../support/captured_log.ts";
import { GONE, specOf, SteppedJob, submit } from "../support/power_cut/job.ts";
import { record } from "../support/power_cut/recorder.ts";
import { replay } from "../support/power_cut/replay.ts";

const JOB = "job_00000001";
/** Of a lock only the lock counts, of a reserve the space. */
const OPTIONS = { anyContent: /\.lock$|^reserve$/ };

async function inRoot(use: (root: string) => Promise<void>): Promise<void> {
  using _log = new CapturedLog();
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
  try {
    await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** What a worker does when it starts; a second look finds nothing more to do. */
async function recover(root: string): Promise<ModelRegistry> {
  const registry = await ModelRegistry.open(root);
  await recoverJobs(registry);
  assert.deepEqual(await recoverJobs(registry), [], "recovered once");
  JSON.parse(await Deno.readTextFile(join(root, "models/.registry/manifest.json")));
  return registry;
}

/** The job has ended, in the same way wherever one looks. */
async function assertEnded(root: string, registry: ModelRegistry): Promise<ModelEntry | null> {
  const folder = new JobFolder(join(root, "jobs", JOB));
  const state = await folder.readState();
  const result = await folder.readResult();
  assert.ok(isFinalStatus(state.status), state.status);
  assert.equal(result?.status, state.status);
  assert.deepEqual(result.models, state.models);
  const [entry = null, ...others] = await registry.list();
  assert.deepEqual(others, []);
  const [model] = state.models;
  if (entry === null) {
    assert.equal(model?.model_id, null);
    assert.equal(state.status, "failed");
    return null;
  }
  assert.equal(model?.model_id, entry.id);
  assert.equal(model.status, entry.status);
  assert.equal(state.status, entry.status === "completed" ? "succeeded" : entry.status);
  return entry;
}

/** What the entry says is what is on the disk, and it can be taken up again. */
async function assertTrue(registry: ModelRegistry, entry: ModelEntry): Promise<void> {
  assert.equal(isRunning(entry), false);
  const run = join(registry.root, `models/centroid_${entry.id}`);
  const best = await readCheckpoint(join(run, "best.ckpt"));
  const last = await readCheckpoint(join(run, "last.ckpt"));
  const hasCheckpoint = best.ok || last.ok;
  assert.equal(entry.status !== "failed", hasCheckpoint, `is ${entry.status}`);
  if (entry.status !== "completed") assert.equal(entry.reason, "power");
  if (!hasCheckpoint) return assert.equal(entry.checkpoint_path ?? null, null);
  const checkpoint = await readCheckpoint(await registry.getCheckpointPath(entry.id));
  assert.ok(checkpoint.ok, "the entry's checkpoint");
  assert.equal(checkpoint.epoch, entry.checkpoint?.epoch);
  if (entry.status === "interrupted") assert.equal(entry.last_epoch, checkpoint.epoch);
  const interrupted = (await registry.getInterrupted()).map(({ id }) => id);
  assert.deepEqual(interrupted, entry.status === "interrupted" ? [entry.id] : []);
  await registry.resume(entry.id, { jobId: "job_00000009", modelIndex: 0, restart: false });
  assert.equal((await registry.get(entry.id))?.status, "training");
}

Deno.test("power cut: a submission that was acknowledged is there, others whole or not at all", () =>
  inRoot(async (root) => {
    const jobs = [JOB, "job_00000002"];
    await ModelRegistry.open(root);
    const recording = await record(
      root,
      jobs.map((job) => async () => void await submit(root, job)),
    );
    const states = await replay(recording, async (folder, { acknowledged }) => {
      const found = await JobFolder.list(folder);
      assert.ok(found.length >= acknowledged);
      for (const [index, job] of found.entries()) {
        assert.deepEqual(await job.readSpec(), specOf(jobs[index] ?? ""));
        assert.equal(await job.readConfig("configs/0.yaml"), "trainer_config: {}\n");
        assert.equal((await job.readState()).status, "queued");
      }
      await recover(folder);
    }, OPTIONS);
    assert.ok(states > 50, `only ${states} states`);
  }));

Deno.test("power cut: what is asked of a job is as it was, or as it is to be", () =>
  inRoot(async (root) => {
    const job = await submit(root, JOB);
    const time = "2026-11-24T08:00:00.000Z";
    const ask = (change: Partial<JobRequest>) => () =>
      changeRequest(job, (request) => ({ ...request, ...change }));
    const requests = [await readRequest(job)];
    const recording = await record(root, [
      ask({ watch: { state: "attached", by: GONE, on_lost: "stop" } }),
      ask({ finish: { model: 0, asked_at: time } }),
      ask({ end: { what: "stop", asked_at: time } }),
      ask({ end: { what: "cancel", asked_at: time } }),
    ], async () => void requests.push(await readRequest(job)));
    const texts = requests.map((request) => JSON.stringify(request));
    await replay(recording, async (folder, { acknowledged }) => {
      const request = JSON.stringify(await readRequest(new JobFolder(join(folder, "jobs", JOB))));
      assert.ok(texts.slice(acknowledged, acknowledged + 2).includes(request), request);
    }, OPTIONS);
  }));

Deno.test("CR24 power cut: every event, model and checkpoint that was recorded outlives it", () =>
  inRoot(async (root) => {
    const job = await SteppedJob.submit(root, JOB);
    const lose = { model: 0, attempt: 1 };
    const steps = {
      start: () => job.start(),
      started: () =>
        job.record.record({ type: "job_started", supervisor_pid: 1, host: "here", version: "1" }),
      register: () => job.register(),
      trainer: () => job.startTrainer(),
      epoch0: () => job.epoch(0),
      checkpoint0: () => job.checkpoint(0, ["best", "last"]),
      lost: () => job.record.record({ type: "connection_lost", ...lose }),
      epoch1: () => job.epoch(1),
      checkpoint1: () => job.checkpoint(1, ["last"]),
      regained: () => job.record.record({ type: "connection_regained", ...lose }),
      finishModel: () => job.finishModel(),
      finish: () => job.record.finish("succeeded", null),
    };
    const names = Object.keys(steps);
    const events = [await readEvents(job.folder.eventsPath)];
    const recording = await record(
      root,
      Object.values(steps).map((step) => async () => void await step()),
      async () => void events.push(await readEvents(job.folder.eventsPath)),
    );
    await job.record.close();
    const states = await replay(recording, async (folder, { acknowledged }) => {
      const isDone = (step: keyof typeof steps) => names.indexOf(step) < acknowledged;
      const registry = await recover(folder);
      const entry = await assertEnded(folder, registry);
      const found = await readEvents(join(folder, "jobs", JOB, "events.ndjson"));
      const expected = events[acknowledged] ?? [];
      assert.deepEqual(found.slice(0, expected.length), expected);
      assert.deepEqual(found.map(({ seq }) => seq), found.map((_, index) => index + 1));
      assert.equal(found.filter(({ type }) => type === "job_finished").length, 1);
      if (entry === null) return assert.ok(!isDone("register"));
      const loss = entry.metrics?.["best_val_loss"];
      if (isDone("checkpoint0")) {
        assert.ok((entry.checkpoint?.epoch ?? -1) >= 0, `is ${entry.status}`);
        assert.ok(loss === 1 || loss === 0.5, `loss ${loss}`);
      }
      const isInterrupted = entry.status === "interrupted";
      if (isDone("checkpoint1") && isInterrupted) assert.equal(entry.checkpoint?.epoch, 1);
      if (isDone("finishModel")) assert.equal(entry.status, "completed");
      await assertTrue(registry, entry);
    }, OPTIONS);
    assert.ok(states > 200, `only ${states} states`);
  }));

Deno.test("power cut: a recovery that the next power cut ends is done again, to the same end", () =>
  inRoot(async (root) => {
    const job = await SteppedJob.submit(root, JOB);
    await job.start();
    await job.register();
    await job.startTrainer();
    await job.epoch(0);
    await job.checkpoint(0, ["best", "last"]);
    await job.record.close();
    const recording = await record(root, [
      async () => void await recoverJobs(await ModelRegistry.open(root)),
    ]);
    const states = await replay(recording, async (folder, { acknowledged }) => {
      const registry = acknowledged === 0
        ? await recover(folder)
        : await ModelRegistry.open(folder);
      const entry = await assertEnded(folder, registry);
      assert.equal(entry?.status, "interrupted");
      const types = (await readEvents(job.folder.eventsPath)).map(({ type }) => type);
      const found = await readEvents(join(folder, "jobs", JOB, "events.ndjson"));
      assert.deepEqual(found.map(({ type }) => type), types);
      await assertTrue(registry, entry);
    }, OPTIONS);
    assert.ok(states > 50, `only ${states} states`);
  }));
