import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobEvent, JobEventBody, ModelOutcome } from "../../../lib/protocol/job_events.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { bookEvents, foldEvent } from "../../../worker/record/bookkeeping.ts";
import { RegistryBed } from "../../support/registry.ts";

const JOB = "job_11111111";
const ENTRY: ModelEntry = { id: "aaaaaaaa", status: "training", job_id: JOB };
const OF_MODEL = { model: 0, attempt: 1 };

const OUTCOME: ModelOutcome = {
  status: "completed",
  reason: null,
  error: null,
  warning: null,
  metrics: { final_val_loss: 0.2, best_val_loss: 0.1, best_epoch: 0, epochs_completed: 2 },
  checkpoint_path: "models/centroid_aaaaaaaa/best.ckpt",
  checkpoint: { epoch: 0, sha256: "0".repeat(64), bytes: 10 },
  last_checkpoint_path: "models/centroid_aaaaaaaa/last.ckpt",
  config_path: "models/centroid_aaaaaaaa/training_config.yaml",
  duration_seconds: 12.5,
  hyperparameters: { batch_size: 4 },
};

const BODIES: JobEventBody[] = [
  {
    type: "trainer_started",
    ...OF_MODEL,
    pid: 7,
    command: ["sleap-nn"],
    max_epochs: 2,
    log_offset: 0,
  },
  { type: "epoch", ...OF_MODEL, epoch: 0, train_loss: 1, val_loss: 0.1 },
  { type: "checkpoint", ...OF_MODEL, epoch: 0, path: "m/best.ckpt", kind: "best" },
  { type: "checkpoint", ...OF_MODEL, epoch: 0, path: "m/last.ckpt", kind: "last" },
  { type: "batch", ...OF_MODEL, epoch: 1, batch: 3, loss: null },
  { type: "epoch", ...OF_MODEL, epoch: 1, train_loss: null, val_loss: 0.2 },
  { type: "checkpoint", ...OF_MODEL, epoch: 1, path: "m/last.ckpt", kind: "last" },
  { type: "warning", model: 0, message: "look" },
  { type: "model_finished", ...OF_MODEL, model_id: "aaaaaaaa", outcome: OUTCOME },
];

function eventsOf(bodies: readonly JobEventBody[]): JobEvent[] {
  const time = "2026-11-24T08:00:00.000Z";
  return bodies.map((body, index) => ({ seq: index + 1, time, ...body }));
}

function fold(events: readonly JobEvent[], entry = ENTRY): ModelEntry {
  return events.reduce((now, event) => foldEvent(now, JOB, event), entry);
}

Deno.test("an epoch books losses, count and best", () => {
  const entry = fold(eventsOf(BODIES.slice(0, 6)));
  assert.equal(entry.status, "training");
  assert.equal(entry.last_epoch, 1);
  assert.deepEqual(entry.metrics, {
    final_val_loss: 0.2,
    best_val_loss: 0.1,
    best_epoch: 0,
    epochs_completed: 2,
  });
  assert.deepEqual(entry.attempts, [
    { job_id: JOB, attempt: 1, first_epoch: 0, last_epoch: 1, started_from: null },
  ]);
});

Deno.test("CR5 a checkpoint tells its epoch, even before the loss of that epoch is known", () => {
  const entry = fold(eventsOf([
    { type: "checkpoint", ...OF_MODEL, epoch: 4, path: "m/last.ckpt", kind: "last" },
  ]));
  assert.deepEqual([entry.last_epoch, entry.checkpoint_path], [4, "m/last.ckpt"]);
});

Deno.test("until the end the newest checkpoint counts, after it the best", () => {
  assert.equal(fold(eventsOf(BODIES.slice(0, 3))).checkpoint_path, "m/best.ckpt");
  assert.equal(fold(eventsOf(BODIES.slice(0, 8))).checkpoint_path, "m/last.ckpt");
  const entry = fold(eventsOf(BODIES));
  assert.equal(entry.checkpoint_path, OUTCOME.checkpoint_path);
  assert.equal(entry.last_checkpoint_path, OUTCOME.last_checkpoint_path);
});

Deno.test("the end books status, time, duration and hyperparameters", () => {
  const entry = fold(eventsOf(BODIES));
  assert.equal(entry.status, "completed");
  assert.equal(entry.completed_at, "2026-11-24T08:00:00.000Z");
  assert.equal(entry.metadata?.["training_duration_seconds"], 12.5);
  assert.deepEqual(entry.training_hyperparameters, { batch_size: 4 });
  assert.deepEqual(entry.booked, { job_id: JOB, attempt: 1, seq: 9 });
});

Deno.test("interrupted and failed book reason and error", () => {
  const without = { checkpoint: null, checkpoint_path: null, reason: "crash", error: "boom" };
  for (const status of ["interrupted", "failed"] as const) {
    const outcome: ModelOutcome = { ...OUTCOME, ...without, status };
    const body: JobEventBody = {
      type: "model_finished",
      ...OF_MODEL,
      model_id: "aaaaaaaa",
      outcome,
    };
    const entry = fold(eventsOf([body]));
    assert.equal(entry.status, status);
    assert.equal(entry.reason, "crash");
    assert.equal(entry.error, "boom");
  }
});

Deno.test("the end books the attempt's last epoch, which may be before the last one reported", () => {
  const metrics = { ...OUTCOME.metrics, epochs_completed: 1 };
  const outcome: ModelOutcome = { ...OUTCOME, status: "interrupted", reason: "crash", metrics };
  const finished: JobEventBody = {
    type: "model_finished",
    ...OF_MODEL,
    model_id: "aaaaaaaa",
    outcome,
  };
  const entry = fold(eventsOf([...BODIES.slice(0, 8), finished]));
  assert.equal(entry.last_epoch, 0);
  assert.deepEqual(entry.attempts, [
    { job_id: JOB, attempt: 1, first_epoch: 0, last_epoch: 0, started_from: null },
  ]);
  assert.equal(fold(eventsOf([finished])).attempts, undefined, "no attempt was begun");
});

Deno.test("a checkpoint that is written anew is not the one that was measured", () => {
  const path = "m/last.ckpt";
  const measured: ModelEntry = { ...ENTRY, checkpoint_path: path, checkpoint: OUTCOME.checkpoint };
  const [written] = eventsOf([{ type: "checkpoint", ...OF_MODEL, epoch: 4, path, kind: "last" }]);
  assert.ok(written !== undefined);
  assert.equal(fold([written], measured).checkpoint, null);
});

Deno.test("epochs that nobody was there to report are the attempt's; those before it are not", () => {
  const started_from = { path: "m/last.ckpt", epoch: 1, sha256: "0".repeat(64) };
  const booked = (epochs_completed: number, from: typeof started_from | null) => {
    const metrics = { ...OUTCOME.metrics, epochs_completed };
    const outcome: ModelOutcome = { ...OUTCOME, status: "interrupted", reason: "crash", metrics };
    const start: JobEventBody = {
      type: "trainer_started",
      ...OF_MODEL,
      pid: 7,
      command: ["sleap-nn"],
      max_epochs: 9,
      log_offset: 0,
      started_from: from,
    };
    const end: JobEventBody = { type: "model_finished", ...OF_MODEL, model_id: "a", outcome };
    const [attempt] = fold(eventsOf([start, end])).attempts ?? [];
    return [attempt?.first_epoch, attempt?.last_epoch];
  };
  assert.deepEqual(booked(4, started_from), [2, 3]);
  assert.deepEqual(booked(4, null), [0, 3]);
  assert.deepEqual(booked(2, started_from), [null, null], "it finished no epoch");
});

Deno.test("events of another job and of an ended model change nothing", () => {
  const events = eventsOf(BODIES);
  assert.equal(fold(events, { ...ENTRY, job_id: "job_22222222" }).status, "training");
  const ended = fold(events);
  const late = eventsOf([...BODIES, {
    type: "epoch",
    ...OF_MODEL,
    epoch: 9,
    train_loss: 1,
    val_loss: 1,
  }]);
  assert.equal(fold(late.slice(-1), ended), ended);
});

Deno.test("booking in any pieces, each any number of times, gives the same entry", () => {
  const events = eventsOf(BODIES);
  const expected = fold(events);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(events.length), fc.nat(events.length)), { maxLength: 6 }),
      (pieces) => {
        let entry = ENTRY;
        let end = 0;
        for (const [from, to] of pieces) {
          // A piece may repeat what was booked, but leaves no gap.
          entry = fold(events.slice(Math.min(from, end), Math.max(to, end)), entry);
          end = Math.max(end, to);
        }
        entry = fold(events, entry);
        assert.deepEqual(entry, expected);
      },
    ),
  );
});

/** A body of any kind, of any attempt, in any order: resumes, late events, ends that repeat. */
const anyBody: fc.Arbitrary<JobEventBody> = fc.tuple(
  fc.constantFrom(...BODIES),
  fc.nat(4),
  fc.integer({ min: 1, max: 3 }),
  fc.constantFrom("completed", "interrupted", "failed"),
).map(([body, epoch, attempt, status]): JobEventBody => {
  if (!("attempt" in body)) return body;
  if (body.type === "model_finished") {
    return { ...body, attempt, outcome: { ...body.outcome, status } };
  }
  return "epoch" in body ? { ...body, attempt, epoch } : { ...body, attempt };
});

Deno.test("any events, in any pieces and each any number of times, give the same entry", () => {
  fc.assert(fc.property(
    fc.array(anyBody, { maxLength: 20 }),
    fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 8 }),
    (bodies, pieces) => {
      const events = eventsOf(bodies);
      let entry = ENTRY;
      let end = 0;
      for (const [from, to] of pieces) {
        entry = fold(events.slice(Math.min(from, end), Math.max(to, end)), entry);
        end = Math.max(end, to);
      }
      assert.deepEqual(fold(events, entry), fold(events));
    },
  ));
});

Deno.test("of the epochs the last one and the first best are booked", () => {
  fc.assert(fc.property(
    fc.array(fc.option(fc.double({ min: 0, max: 9, noNaN: true })), { minLength: 1 }),
    (losses) => {
      const epochs = losses.map((val_loss, epoch): JobEventBody => ({
        type: "epoch",
        ...OF_MODEL,
        epoch,
        train_loss: 1,
        val_loss,
      }));
      const { metrics, last_epoch } = fold(eventsOf(epochs));
      const known = losses.filter((loss) => loss !== null);
      const best = known.length > 0 ? Math.min(...known) : undefined;
      assert.equal(last_epoch, losses.length - 1);
      assert.equal(metrics?.["epochs_completed"], losses.length);
      assert.equal(metrics["final_val_loss"], losses.at(-1));
      assert.equal(metrics["best_val_loss"], best);
      assert.equal(metrics["best_epoch"], best === undefined ? undefined : losses.indexOf(best));
    },
  ));
});

Deno.test("bookEvents() writes only what changes something", async () => {
  await using bed = await RegistryBed.create();
  const id = await bed.add({ id: "aaaaaaaa", model_type: "centroid", job_id: JOB, model_index: 0 });
  const events = eventsOf(BODIES);
  await bookEvents(bed.registry, JOB, id, events);
  const { revision } = await bed.registry.resolve(id);
  await bookEvents(bed.registry, JOB, id, events);
  assert.equal((await bed.registry.resolve(id)).revision, revision);
});

Deno.test("a model that was finished early, and later trained to its end, was not", () => {
  const finished = (outcome: ModelOutcome) =>
    eventsOf([{ type: "model_finished", ...OF_MODEL, model_id: "aaaaaaaa", outcome }]);
  const early = fold(finished({ ...OUTCOME, stopped_early: true }));
  assert.equal(early.stopped_early, true);
  const resumed: ModelEntry = { ...ENTRY, stopped_early: true };
  assert.equal(fold(finished(OUTCOME), resumed).stopped_early, false);
  assert.ok(!("stopped_early" in fold(finished(OUTCOME))));
});

Deno.test("CR24 a resumed attempt is booked beside the first, its time added", () => {
  const before = fold(eventsOf([
    ...BODIES.slice(0, 7),
    {
      type: "model_finished",
      ...OF_MODEL,
      model_id: "aaaaaaaa",
      outcome: { ...OUTCOME, status: "interrupted", reason: "crash" },
    },
  ]));
  const again: ModelEntry = { ...before, status: "training", job_id: "job_22222222" };
  const of = { model: 0, attempt: 2 };
  const started_from = { path: "m/last.ckpt", epoch: 1, sha256: "0".repeat(64) };
  const start: JobEventBody = {
    type: "trainer_started",
    ...of,
    pid: 8,
    command: ["sleap-nn"],
    max_epochs: 3,
    log_offset: 0,
    started_from,
  };
  const best = "m/attempts/attempt-2/best.ckpt";
  const events = eventsOf([
    start,
    { type: "epoch", ...of, epoch: 2, train_loss: null, val_loss: 0.3 },
    { type: "checkpoint", ...of, epoch: 2, path: best, kind: "best" },
    { type: "model_finished", ...of, model_id: "aaaaaaaa", outcome: OUTCOME },
  ]);
  const foldAgain = (entry: ModelEntry, some: readonly JobEvent[]) =>
    some.reduce((now, event) => foldEvent(now, "job_22222222", event), entry);
  const running = foldAgain(again, events.slice(0, 3));
  assert.equal(
    running.last_checkpoint_path,
    best,
    "newer than the last.ckpt of the attempt before",
  );
  assert.equal(running.metrics?.["best_val_loss"], 0.1);
  assert.deepEqual(running.attempts?.map(({ attempt }) => attempt), [1, 2]);
  assert.deepEqual(running.attempts?.[1]?.started_from, started_from);
  const ended = foldAgain(running, [...events, ...events]);
  assert.equal(ended.metadata?.["training_duration_seconds"], 25);
  const restart = eventsOf([{ ...start, started_from: null }, ...BODIES.slice(8)])
    .map((event) => "attempt" in event ? { ...event, attempt: 2 } : event);
  assert.equal(foldAgain(again, restart).metadata?.["training_duration_seconds"], 12.5);
});
