import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { ConflictError, NotFoundError } from "../../../lib/errors.ts";
import { FileLock } from "../../../lib/files/lock.ts";
import { makeTrainRequest } from "../../../lib/training/train_request.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { askOfJob } from "../../../worker/requests/ask_of_job.ts";
import { identifyProcess, type ProcessIdentity } from "../../../worker/host/process_identity.ts";
import { finishJob } from "../../../worker/requests/finish_job.ts";
import { readEvents } from "../../../worker/job_events.ts";
import { JobFolder, type JobState } from "../../../worker/job_folder.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import { changeRequest, readRequest } from "../../../worker/requests/job_request.ts";
import { JobBed } from "../../support/job_bed.ts";
import { configText, TrainingWorld } from "../../support/training.ts";

const GONE: ProcessIdentity = {
  pid: 999_999,
  start_time: "1",
  boot_id: "gone",
  pid_namespace: null,
  host: hostname(),
};

async function running(model: "training" | "completed" | "pending"): Promise<Partial<JobState>> {
  const here = await identifyProcess(Deno.pid);
  return {
    status: "running",
    starter: null,
    supervisor: here,
    trainer: { ...here, model: 1, attempt: 1, started_at: "2026-11-24T12:00:00Z", log_offset: 0 },
    models: [{ model_id: "a3f5e8c9", status: "completed" }, {
      model_id: model === "pending" ? null : "b3f5e8c9",
      status: model,
    }],
  };
}

Deno.test("askOfJob() an unknown job: not found", async () => {
  await using bed = await JobBed.create();
  const folder = new JobFolder(join(bed.folder.root, "jobs", "job_ffffffff"));
  await assert.rejects(askOfJob(folder, bed.registry, "stop"), NotFoundError);
});

Deno.test("askOfJob() a job that has ended: how", async () => {
  await using bed = await JobBed.create({ status: "succeeded" });
  for (const what of ["stop", "finish", "cancel"] as const) {
    await assert.rejects(askOfJob(bed.folder, bed.registry, what), {
      name: "ConflictError",
      message: "Job job_00000001 has ended: succeeded",
    });
  }
  assert.equal((await readRequest(bed.folder)).end, null);
});

Deno.test("askOfJob() of a job that runs is on the disk; a weaker wish replaces no stronger", async () => {
  await using bed = await JobBed.create(await running("training"));
  using _lock = await FileLock.acquire(bed.folder.lockPath);
  const ask = async (what: "stop" | "finish" | "cancel") => {
    await askOfJob(bed.folder, bed.registry, what);
    return await readRequest(bed.folder);
  };
  assert.equal((await ask("finish")).finish?.model, 1, "the one that trains");
  const stopped = await ask("stop");
  assert.equal(stopped.end?.what, "stop");
  assert.deepEqual(await ask("stop"), stopped, "asking twice is asking once");
  await assert.rejects(ask("finish"), /it is being stopped already/);
  assert.equal((await ask("cancel")).end?.what, "cancel");
  await assert.rejects(ask("stop"), /it is being cancelled already/);
});

Deno.test("askOfJob() finish while no model trains: conflict with a hint", async () => {
  for (const model of ["completed", "pending"] as const) {
    await using bed = await JobBed.create(await running(model));
    using _lock = await FileLock.acquire(bed.folder.lockPath);
    await assert.rejects(askOfJob(bed.folder, bed.registry, "finish"), {
      name: "ConflictError",
      hint: /jobs stop job_00000001/,
    });
    assert.equal((await readRequest(bed.folder)).finish, null);
  }
});

Deno.test("askOfJob() stop and finish of a job that waits: cancel it instead", async () => {
  await using bed = await JobBed.create();
  for (const what of ["stop", "finish"] as const) {
    await assert.rejects(askOfJob(bed.folder, bed.registry, what), {
      name: "ConflictError",
      hint: "Cancel it: sleap-rtc jobs cancel job_00000001",
    });
  }
});

Deno.test("askOfJob() cancel of a job that waits books it at once", async () => {
  await using bed = await JobBed.create();
  await askOfJob(bed.folder, bed.registry, "cancel");
  const state = await bed.folder.readState();
  assert.equal(state.status, "cancelled");
  assert.deepEqual(state.models.map(({ status }) => status), ["pending", "pending"]);
  assert.equal((await bed.folder.readResult())?.status, "cancelled");
  const events = await readEvents(bed.folder.eventsPath);
  assert.deepEqual(events.map(({ type }) => type), ["requested", "job_finished"]);
  assert.deepEqual(await bed.registry.list(), []);
  const request = await readRequest(bed.folder);
  await askOfJob(bed.folder, bed.registry, "cancel");
  assert.deepEqual(await readRequest(bed.folder), request, "asking twice is asking once");
  assert.equal((await readEvents(bed.folder.eventsPath)).length, 2);
  await assert.rejects(askOfJob(bed.folder, bed.registry, "stop"), ConflictError);
});

Deno.test("askOfJob() cancel while a supervisor takes the job: it is left to that", async () => {
  await using bed = await JobBed.create();
  using _lock = await FileLock.acquire(bed.folder.lockPath);
  await askOfJob(bed.folder, bed.registry, "cancel");
  assert.equal((await bed.folder.readState()).status, "queued");
  assert.equal((await readRequest(bed.folder)).end?.what, "cancel");
});

Deno.test("askOfJob() of another machine's job is on the shared drive", async () => {
  const elsewhere = { ...GONE, host: "elsewhere" };
  await using bed = await JobBed.create({ ...await running("training"), supervisor: elsewhere });
  await askOfJob(bed.folder, bed.registry, "stop");
  assert.equal((await readRequest(bed.folder)).end?.what, "stop");
  assert.equal((await bed.folder.readState()).status, "running");
});

Deno.test("askOfJob() of a dead job: it is booked, and told how", async () => {
  for (const [what, status] of [["stop", "interrupted"], ["finish", "failed"]] as const) {
    await using bed = await JobBed.create({ status: "running", starter: null, supervisor: GONE });
    await assert.rejects(askOfJob(bed.folder, bed.registry, what), {
      name: "ConflictError",
      message: `Job job_00000001 had no supervisor any more: it was booked as ${status}`,
    });
    assert.equal((await bed.folder.readState()).status, status);
  }
  await using bed = await JobBed.create({ status: "running", starter: null, supervisor: GONE });
  await askOfJob(bed.folder, bed.registry, "cancel");
  assert.equal((await bed.folder.readState()).status, "cancelled");
});

Deno.test("a cancel at the very end either counts or is refused", async () => {
  await using bed = await JobBed.create();
  const seen = new Set<string>();
  for (let round = 0; round < 40; round++) {
    await bed.writeState({ status: "running", starter: null });
    await Deno.remove(bed.folder.requestPath).catch(() => {});
    using _lock = await FileLock.acquire(bed.folder.lockPath);
    const record = await JobRecord.open(bed.folder, bed.registry, await bed.folder.readState());
    const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    const [asked, status] = await Promise.all([
      pause().then(() => askOfJob(bed.folder, bed.registry, "cancel"))
        .then(() => "cancelled", () => "succeeded"),
      pause().then(() => finishJob(record, { status: "succeeded", error: null })),
    ]);
    await record.close();
    assert.equal(status, asked, `round ${round}`);
    assert.equal((await bed.folder.readResult())?.status, asked);
    seen.add(asked);
  }
  assert.equal(seen.size, 2, "both come about");
});

for (const [what, status] of [["cancel", "cancelled"], ["stop", "interrupted"]] as const) {
  Deno.test(`a supervisor that finds a ${what} on the disk begins no model`, async () => {
    await using world = await TrainingWorld.create();
    await Deno.writeTextFile(world.config, configText());
    const { spec, configs } = await makeTrainRequest({
      configs: [world.config],
      labels: world.labels,
      overrides: {},
      uploads: world.path("uploads"),
    });
    const folder = await JobFolder.create(world.folder, spec, {
      version: 1,
      job_id: spec.job_id,
      status: "queued",
      updated_at: new Date().toISOString(),
      starter: await identifyProcess(Deno.pid),
      supervisor: null,
      trainer: null,
      models: [{ model_id: null, status: "pending" }],
    }, configs);
    await Deno.writeTextFile(folder.logPath, "");
    await changeRequest(folder, (request) => ({ ...request, end: { what, asked_at: "now" } }));
    const { code, stderr } = await world.cli(["supervise", folder.path]);
    assert.equal(code, 0, stderr);
    const state = await folder.readState();
    assert.equal(state.status, status);
    assert.equal(state.models[0]?.status, "pending");
    assert.deepEqual(await (await ModelRegistry.open(world.folder)).list(), []);
    const events = await readEvents(folder.eventsPath);
    assert.deepEqual(events.map(({ type }) => type), ["job_started", "requested", "job_finished"]);
  });
}
