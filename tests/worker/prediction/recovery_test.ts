import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { sha256File } from "../../../lib/files/hash.ts";
import { identifyProcess, isAlive } from "../../../worker/host/process_identity.ts";
import { readEvents } from "../../../worker/job_events.ts";
import { isFinalStatus, type JobFolder } from "../../../worker/job_folder.ts";
import { lifeOf } from "../../../worker/job_life.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import { bookUnfinished } from "../../../worker/recovery/book_job.ts";
import { recoverJobs } from "../../../worker/recovery.ts";
import { changeRequest } from "../../../worker/requests/job_request.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { until } from "../../support/queue_bed.ts";
import { livingMembers } from "../../support/staged_training.ts";
import {
  EARLY_POINTS,
  LATE_POINTS,
  type PredictionKillPoint,
} from "../../support/prediction_kill_point.ts";
import { endOf, leftovers, PredictionBed } from "../../support/predictions.ts";

const SUPERVISOR = fileURLToPath(
  new URL("../../support/prediction_kill_point.ts", import.meta.url),
);
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const OLD = "old predictions";

/** Run a supervisor as the executor does, until it is killed at a point. */
async function runUntilKilled(bed: PredictionBed, job: JobFolder, point: PredictionKillPoint) {
  const log = await open(job.logPath, "a");
  const args = ["run", "--quiet", "-A", "--config", CONFIG, SUPERVISOR, job.path, point];
  const child = spawn(Deno.execPath(), args, {
    env: { ...Deno.env.toObject(), SLEAP_RTC_SLEAP_NN: bed.world.trainer },
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const [, signal] = await once(child, "exit");
  await log.close();
  assert.equal(signal, "SIGKILL", await Deno.readTextFile(job.logPath));
}

async function killAt(point: PredictionKillPoint, overwrite: boolean): Promise<void> {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create({ batchMs: 1 });
  const output_path = bed.path("mine.slp");
  if (overwrite) await Deno.writeTextFile(output_path, OLD);
  const job = await bed.queue({ output_path, overwrite });
  await runUntilKilled(bed, job, point);
  const group = (await job.readState()).trainer?.pid;
  await recoverJobs(bed.registry);
  assert.deepEqual(await recoverJobs(bed.registry), [], "once");
  if (group !== undefined) assert.deepEqual(await livingMembers(group), []);
  await assertSound(bed, job, { isWhole: isLate(point), overwrite });
}

function isLate(point: PredictionKillPoint): boolean {
  return LATE_POINTS.some((late) => late === point);
}

async function assertSound(
  bed: PredictionBed,
  job: JobFolder,
  { isWhole, overwrite }: { isWhole: boolean; overwrite: boolean },
): Promise<void> {
  const output_path = bed.path("mine.slp");
  const [state, result, events] = [
    await job.readState(),
    await job.readResult(),
    await readEvents(job.eventsPath),
  ];
  assert.ok(isFinalStatus(state.status));
  assert.equal(result?.status, state.status);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assert.equal(events.filter(({ type }) => type === "job_finished").length, 1);
  assert.deepEqual(await leftovers(bed.world.folder), []);
  assert.deepEqual(await leftovers(job.path), []);
  if (!isWhole) {
    assert.equal(state.status, "interrupted");
    assert.match(result.error ?? "", /supervisor of the job ended before the prediction did/);
    const now = await Deno.readTextFile(output_path).catch(() => null);
    assert.equal(now, overwrite ? OLD : null);
    await assert.rejects(Deno.stat(`${output_path}.json`), Deno.errors.NotFound);
    return;
  }
  assert.equal(state.status, "succeeded");
  const { output } = result;
  assert.equal(output?.path, output_path);
  assert.equal(output.sha256, await sha256File(output_path));
  assert.equal(output.bytes, (await Deno.stat(output_path)).size);
  const record = JSON.parse(await Deno.readTextFile(`${output_path}.json`));
  assert.equal(record.job_id, job.jobId);
  assert.equal(record.output.sha256, output.sha256);
  const written = events.filter((event) => event.type === "predictions_written");
  assert.deepEqual(written.map((event) => event.output), [output]);
}

/** Its lock is free a moment after the process is gone. */
async function killSupervisor(job: JobFolder): Promise<void> {
  const { supervisor } = await job.readState();
  Deno.kill(supervisor?.pid ?? 0, "SIGKILL");
  await until(async () => await lifeOf(job) === "dead");
}

for (const overwrite of [false, true]) {
  const how = overwrite ? "that replaces a file" : "";
  Deno.test(`SIGKILL of the supervisor at every point of a prediction ${how}`, async (test) => {
    for (const point of [...EARLY_POINTS, ...LATE_POINTS]) {
      await test.step(point, () => killAt(point, overwrite));
    }
  });
}

Deno.test("a sleap-nn whose supervisor was killed is ended before its job is booked", async () => {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create();
  for (const stage of ["load", "frames", "half"] as const) {
    const job = await bed.startPaused({ stage }, {}, { ignoreSigterm: stage === "half" });
    const { trainer } = await job.readState();
    assert.ok(trainer);
    await killSupervisor(job);
    assert.equal(await isAlive(trainer), true);
    const recovered = await recoverJobs(bed.registry);
    assert.deepEqual(recovered, [{ jobId: job.jobId, status: "interrupted" }]);
    assert.equal(await isAlive(trainer), false);
    const names = (await Array.fromAsync(Deno.readDir(job.path))).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => /slp|tmp$/.test(name)), []);
    await Deno.remove(bed.path("reached"));
  }
});

Deno.test("a sleap-nn that is killed: its job has failed", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "half" });
  const { trainer } = await job.readState();
  Deno.kill(-(trainer?.pid ?? 0), "SIGKILL");
  const { result } = await endOf(job);
  assert.equal(result.status, "failed");
  assert.equal(result.error, "sleap-nn was ended by SIGKILL, as happens when memory runs out");
  assert.deepEqual(await leftovers(job.path), []);
});

Deno.test("a dead prediction whose state.json is damaged is booked all the same", async () => {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "half" });
  const { trainer } = await job.readState();
  assert.ok(trainer);
  await killSupervisor(job);
  await Deno.writeTextFile(job.statePath, "{ damaged");
  const recovered = await recoverJobs(bed.registry);
  assert.deepEqual(recovered, [{ jobId: job.jobId, status: "interrupted" }]);
  assert.equal(await isAlive(trainer), false);
  const { models } = await job.readState();
  assert.deepEqual(models, []);
});

Deno.test("predictions whose spec.json is damaged, too, count by their event", async () => {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create();
  const job = await bed.queue({ output_path: bed.path("mine.slp") });
  await runUntilKilled(bed, job, "between their event and the job's end");
  for (const path of [job.statePath, job.specPath]) await Deno.writeTextFile(path, "{ damaged");
  const recovered = await recoverJobs(bed.registry);
  assert.deepEqual(recovered, [{ jobId: job.jobId, status: "succeeded" }]);
  assert.equal((await job.readResult())?.output?.path, bed.path("mine.slp"));
});

Deno.test("a prediction that was asked to end, and lost its supervisor: what was asked", async () => {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create();
  const statuses = { stop: "interrupted", cancel: "cancelled" } as const;
  for (const what of ["stop", "cancel"] as const) {
    const job = await bed.queue({ output_path: bed.path("mine.slp") });
    await runUntilKilled(bed, job, "between the process's state and its event");
    const end = { what, asked_at: new Date().toISOString() };
    await changeRequest(job, (request) => ({ ...request, end }));
    await recoverJobs(bed.registry);
    const { status, error } = await job.readResult() ?? {};
    assert.equal(status, statuses[what]);
    assert.match(error ?? "", what === "stop" ? /on request \(stopped\)/ : /cancelled on request/);
  }
});

Deno.test("a prediction whose starter died before its supervisor began is interrupted", async () => {
  using _log = new CapturedLog();
  await using bed = await PredictionBed.create();
  const job = await bed.queue();
  const here = await identifyProcess(Deno.pid);
  const starter = { ...here, pid: 999_999, start_time: "1", boot_id: "gone" };
  await job.writeState({ ...await job.readState(), starter, turn: null });
  await recoverJobs(bed.registry);
  assert.equal((await job.readResult())?.status, "interrupted");
});

Deno.test("a prediction whose supervisor cannot be started has failed, with the reason", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.queue();
  const record = await JobRecord.open(job, bed.registry, await job.readState());
  await bookUnfinished(record, { reason: "not started", error: "Cannot start the supervisor" });
  await record.close();
  const { status, error } = await job.readResult() ?? {};
  assert.deepEqual([status, error], ["failed", "Cannot start the supervisor"]);
});
