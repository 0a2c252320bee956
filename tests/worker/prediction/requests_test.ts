import assert from "node:assert/strict";
import { ConflictError, UsageError } from "../../../lib/errors.ts";
import { askOfJob } from "../../../worker/requests/ask_of_job.ts";
import { changeRequest } from "../../../worker/requests/job_request.ts";
import { describeJob } from "../../../worker/view/describe_job.ts";
import { livingMembers } from "../../support/staged_training.ts";
import { endOf, leftovers, PredictionBed } from "../../support/predictions.ts";

const STATUSES = { stop: "interrupted", cancel: "cancelled" } as const;

for (const what of ["stop", "cancel"] as const) {
  Deno.test(`${what} ends a prediction, its whole group, and leaves nothing of it`, async () => {
    await using bed = await PredictionBed.create();
    for (const stage of ["load", "frames", "half"] as const) {
      const job = await bed.startPaused({ stage });
      const { trainer } = await job.readState();
      await askOfJob(job, bed.registry, what);
      const { result, events } = await endOf(job);
      assert.equal(result.status, STATUSES[what]);
      assert.match(result.error ?? "", /on request/);
      assert.deepEqual(await livingMembers(trainer?.pid ?? 0), []);
      assert.ok(events.some((event) => event.type === "requested" && event.what === what));
      assert.deepEqual(await leftovers(job.path), []);
      await assert.rejects(Deno.stat(`${job.path}/predictions.slp`), Deno.errors.NotFound);
      await Deno.remove(bed.path("reached"));
    }
  });

  Deno.test(`${what} of a sleap-nn that is just done`, async () => {
    await using bed = await PredictionBed.create();
    const script = { ignoreSigterm: true };
    const job = await bed.startPaused({ stage: "half" }, {}, script);
    await askOfJob(job, bed.registry, what);
    await bed.goOn();
    const { result } = await endOf(job);
    // Cancelled is never success; a stop that comes too late costs no predictions.
    assert.equal(result.status, what === "cancel" ? "cancelled" : "succeeded");
    assert.equal(result.output === undefined, what === "cancel");
    const isThere = await Deno.stat(`${job.path}/predictions.slp`).then(() => true, () => false);
    assert.equal(isThere, what === "stop");
  });
}

Deno.test("a prediction cannot be finished early: a usage error", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "frames" });
  await assert.rejects(askOfJob(job, bed.registry, "finish"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^Cannot finish job job_00000001 early: it predicts/);
    return true;
  });
  const { code, stderr } = await bed.world.cli(["jobs", "finish", job.jobId]);
  assert.equal(code, 2, stderr);
  await bed.goOn();
  assert.equal((await endOf(job)).result.status, "succeeded");
  await assert.rejects(askOfJob(job, bed.registry, "stop"), ConflictError);
});

Deno.test("a lost connection changes nothing", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "frames", batch: 1 });
  await changeRequest(job, (request) => ({
    ...request,
    watch: { state: "lost", by: null, on_lost: "stop" },
  }));
  await bed.goOn();
  const { result, events } = await endOf(job);
  assert.equal(result.status, "succeeded");
  assert.ok(!events.some(({ type }) => type === "connection_lost"));
});

Deno.test("a supervisor that is told to end stops its prediction", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "half" });
  const { supervisor, trainer } = await job.readState();
  Deno.kill(supervisor?.pid ?? 0, "SIGTERM");
  const { result } = await endOf(job);
  assert.equal(result.status, "interrupted");
  assert.match(result.error ?? "", /on request \(shutdown\)/);
  assert.deepEqual(await livingMembers(trainer?.pid ?? 0), []);
});

Deno.test("a prediction that waits in the queue is cancelled at once", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.queue();
  await assert.rejects(askOfJob(job, bed.registry, "stop"), ConflictError);
  await askOfJob(job, bed.registry, "cancel");
  assert.equal((await job.readResult())?.status, "cancelled");
});

Deno.test("a prediction that is stopped before it has begun starts no sleap-nn", async () => {
  await using bed = await PredictionBed.create({ recordTo: "/dev/null" });
  const job = await bed.queue();
  const end = { what: "stop" as const, asked_at: new Date().toISOString() };
  await changeRequest(job, (request) => ({ ...request, end }));
  await bed.world.cli(["supervise", job.path], { SLEAP_RTC_SLEAP_NN: bed.world.trainer });
  const { result, events } = await endOf(job);
  assert.equal(result.status, "interrupted");
  assert.ok(!events.some(({ type }) => type === "predictor_started"));
});

Deno.test("describeJob() tells what a prediction is asked, its data and its models", async () => {
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "half" }, {}, { ignoreSigterm: true });
  await askOfJob(job, bed.registry, "stop");
  const summary = await describeJob(job, bed.registry);
  assert.equal(summary.type, "track");
  assert.equal(summary.status, "running");
  assert.equal(summary.requested, "stop");
  assert.equal(summary.data_name, "clip.mp4");
  assert.deepEqual(summary.models.map(({ model_id, status }) => [model_id, status]), [
    ["a3f5e8c9", "predicts"],
    ["b4c6d8e0", "predicts"],
  ]);
  await bed.goOn();
  await endOf(job);
});
