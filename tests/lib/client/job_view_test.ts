import assert from "node:assert/strict";
import { JobView } from "../../../lib/client/job_view.ts";
import type { JobEvent, JobEventBody, ModelOutcome } from "../../../lib/protocol/job_events.ts";

const START = Date.parse("2026-01-01T00:00:00.000Z");
const OF_CENTROID = { model: 0, attempt: 1 };

function eventAt(seconds: number, body: JobEventBody): JobEvent {
  return { seq: 1, time: new Date(START + seconds * 1000).toISOString(), ...body };
}

function registered(model: number, type: string): JobEvent {
  const folder = `models/${type}_aaaa000${model}`;
  return eventAt(0, {
    type: "model_registered",
    model,
    attempt: 1,
    model_id: `aaaa000${model}`,
    model_type: type,
    folder,
  });
}

function started(maxEpochs: number): JobEvent {
  const body = { pid: 1, command: ["sleap-nn"], max_epochs: maxEpochs, log_offset: 0 };
  return eventAt(0, { type: "trainer_started", ...OF_CENTROID, ...body });
}

function epochEnd(epoch: number, seconds: number): JobEvent {
  return eventAt(seconds, {
    type: "epoch",
    ...OF_CENTROID,
    epoch,
    train_loss: 0.5,
    val_loss: 0.25,
  });
}

function interrupted(): JobEvent {
  const outcome: ModelOutcome = {
    status: "interrupted",
    reason: "stopped",
    error: null,
    warning: null,
    metrics: { final_val_loss: null, best_val_loss: null, best_epoch: null, epochs_completed: 1 },
    checkpoint_path: null,
    checkpoint: null,
    last_checkpoint_path: null,
    config_path: null,
    duration_seconds: 8,
    hyperparameters: null,
  };
  return eventAt(9, { type: "model_finished", ...OF_CENTROID, model_id: "aaaa0000", outcome });
}

Deno.test("JobView: time left leaves the trainer's imports out, and counts down", () => {
  const view = new JobView(["centroid"]);
  view.add(registered(0, "centroid"));
  view.add(started(10));
  const [first = ""] = view.add(epochEnd(0, 70));
  assert.equal(
    first,
    "centroid aaaa0000  epoch 1/10  train loss 0.5000  val loss 0.2500 (best)",
  );
  assert.doesNotMatch(view.statusLine(START + 75_000) ?? "", /left/);
  const [second = ""] = view.add(epochEnd(1, 80));
  assert.match(second, / 1 min 20 s left$/);
  const now = (seconds: number) => view.statusLine(START + seconds * 1000) ?? "";
  assert.match(now(80), /^centroid aaaa0000 {2}epoch 3\/10 {2}1 min 20 s left {2}best 0\.2500/);
  assert.match(now(85), / 1 min 15 s left /);
  assert.match(now(200), / 1 min 10 s left /);
});

Deno.test("JobView: nothing is left after the last epoch", () => {
  const view = new JobView(["centroid"]);
  for (const event of [registered(0, "centroid"), started(2), epochEnd(0, 10)]) view.add(event);
  assert.doesNotMatch(view.add(epochEnd(1, 20)).join(), /left/);
  assert.doesNotMatch(view.statusLine(START + 25_000) ?? "", /left/);
});

Deno.test("JobView: a job that ends early names the models that were not trained", () => {
  const view = new JobView(["centroid", "centered_instance", "bottomup"]);
  for (const event of [registered(0, "centroid"), started(2), interrupted()]) view.add(event);
  const end = eventAt(10, { type: "job_finished", status: "interrupted", error: "stopped" });
  assert.deepEqual(view.add(end), ["not trained: centered_instance, bottomup"]);
  assert.equal(view.end?.status, "interrupted");
});

Deno.test("JobView: a job that trained all its models ends without a further line", () => {
  const view = new JobView(["centroid"]);
  view.add(registered(0, "centroid"));
  const end = eventAt(10, { type: "job_finished", status: "succeeded", error: null });
  assert.deepEqual(view.add(end), []);
});

Deno.test("JobView: a warning about the whole job is shown, too", () => {
  const warning = eventAt(1, { type: "warning", message: "the disk is nearly full" });
  assert.deepEqual(new JobView(["centroid"]).add(warning), [
    "warning: the disk is nearly full",
  ]);
});

function startedAgain(attempt: number, from: number | null): JobEvent {
  return eventAt(10, {
    type: "trainer_started",
    model: 0,
    attempt,
    pid: 1,
    command: ["sleap-nn"],
    max_epochs: 100,
    log_offset: 0,
    started_from: from === null ? null : {
      path: "models/centroid_a3f5e8c9/attempts/attempt-2/last.ckpt",
      epoch: from,
      sha256: "0123456789ab".padEnd(64, "f"),
    },
  });
}

Deno.test("a resumed training says from what, and its time left counts from its own start", () => {
  const view = new JobView(["centroid"]);
  const again = { type: "model_registered" as const, model: 0, attempt: 3, model_id: "a3f5e8c9" };
  assert.deepEqual(view.add(eventAt(5, { ...again, model_type: "centroid", folder: "" })), []);
  assert.deepEqual(view.add(startedAgain(3, 37)), [
    "resuming a3f5e8c9 after epoch 38 of 100 (last.ckpt, sha256 0123456789ab…)",
  ]);
  const epoch = { type: "epoch" as const, model: 0, attempt: 3, train_loss: 1, val_loss: 1 };
  const [first] = view.add(eventAt(60, { ...epoch, epoch: 38 }));
  assert.ok(!/left|best/.test(first ?? ""), "whether it is the best is not known here");
  const [line] = view.add(eventAt(70, { ...epoch, epoch: 39 }));
  assert.match(line ?? "", /epoch 40\/100 .*10 min 00 s left/);
});

Deno.test("a restarted training says so", () => {
  const view = new JobView(["centroid"]);
  assert.deepEqual(view.add(startedAgain(2, null)), ["beginning centroid again from epoch 0"]);
});

Deno.test("JobView: a job that waits says where and why, until something happens in it", () => {
  const view = new JobView(["centroid"]);
  view.wait({ position: 2, reason: "waits for job_11111111" });
  const waiting = "waiting: 2nd in the queue (waits for job_11111111)";
  assert.equal(view.statusLine(START), waiting);
  view.add(registered(0, "centroid"));
  assert.notEqual(view.statusLine(START), waiting);
});

Deno.test("JobView: from the middle on models have names, and no epoch is called the best", () => {
  const view = new JobView(["centroid"], [{ model_id: "aaaa0000", max_epochs: 10 }]);
  assert.deepEqual(view.add(epochEnd(4, 10)), [
    "centroid aaaa0000  epoch 5/10  train loss 0.5000  val loss 0.2500",
  ]);
});

Deno.test("JobView: a watcher learns once that nobody watched, and what was asked", () => {
  const view = new JobView(["centroid"]);
  view.add(registered(0, "centroid"));
  const lines = [
    eventAt(1, { type: "connection_lost", ...OF_CENTROID }),
    eventAt(2, { type: "connection_regained", ...OF_CENTROID }),
    eventAt(3, { type: "requested", what: "stop" }),
  ].flatMap((event) => view.add(event));
  assert.deepEqual(lines, [
    "nobody watched: the training went on",
    "asked to stop: it ends after the running epoch",
  ]);
});

Deno.test("JobView: a training that was finished early says so", () => {
  const view = new JobView(["centroid"]);
  view.add(registered(0, "centroid"));
  const event = interrupted();
  assert.ok(event.type === "model_finished");
  const outcome = { ...event.outcome, status: "completed" as const, stopped_early: true };
  assert.deepEqual(view.add({ ...event, outcome }), [
    "centroid aaaa0000 completed after 1 epoch, 8 s (finished early)",
  ]);
});
