import assert from "node:assert/strict";
import { ConflictError } from "../../../lib/errors.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import {
  abandon,
  complete,
  fail,
  interrupt,
  loseConnection,
  regainConnection,
  resume,
} from "../../../lib/registry/transitions.ts";

const NOW = "2026-11-24T08:00:00.000Z";
const CRASH = { reason: "crash", error: "boom" };

type Change = (entry: ModelEntry) => ModelEntry;
const CHANGES: Record<string, Change> = {
  completed: (entry) => complete(entry, { final_val_loss: 0.1 }, NOW),
  interrupted: (entry) => interrupt(entry, { epoch: 4, checkpointPath: "m/last.ckpt" }, NOW),
  failed: (entry) => fail(entry, CRASH, NOW),
};

/** From each status: the statuses that may follow; the others are refused. */
const ALLOWED: Record<string, Record<string, string>> = {
  training: { completed: "completed", interrupted: "interrupted", failed: "failed" },
  interrupted: { completed: "completed", interrupted: "interrupted", failed: "failed" },
  completed: { completed: "completed", interrupted: "completed" },
  failed: { failed: "failed" },
  abandoned: {},
};

for (const [from, allowed] of Object.entries(ALLOWED)) {
  for (const [wanted, change] of Object.entries(CHANGES)) {
    const to = allowed[wanted];
    Deno.test(`1.3.5 ${from} → ${wanted}: ${to ?? "refused"}`, () => {
      const entry: ModelEntry = Object.freeze({ id: "aaaaaaaa", status: from });
      if (to !== undefined) {
        assert.equal(change(entry).status, to);
        return;
      }
      const told = `Cannot mark model aaaaaaaa as ${wanted}: it is ${from}`;
      assert.throws(
        () => change(entry),
        (error) => error instanceof ConflictError && error.message === told,
      );
    });
  }
}

Deno.test("1.3.5 a late interruption gives the very same entry, so that nothing is saved", () => {
  const entry: ModelEntry = { id: "aaaaaaaa", status: "completed", last_epoch: 9 };
  assert.equal(interrupt(entry, { epoch: 4 }, NOW), entry);
});

Deno.test("1.3.5 what is not known of an interruption stays as it was", () => {
  const entry: ModelEntry = {
    id: "aaaaaaaa",
    status: "training",
    last_epoch: 7,
    checkpoint_path: "m/last.ckpt",
    checkpoint: { epoch: 7, sha256: "0".repeat(64), bytes: 1 },
  };
  const { last_epoch, checkpoint_path, checkpoint } = interrupt(entry, { epoch: null }, NOW);
  assert.deepEqual({ last_epoch, checkpoint_path, checkpoint }, {
    last_epoch: 7,
    checkpoint_path: "m/last.ckpt",
    checkpoint: entry.checkpoint,
  });
});

Deno.test("1.3.5 completing clears what was told of an interruption", () => {
  const entry: ModelEntry = { id: "aaaaaaaa", status: "interrupted", running: true, ...CRASH };
  const { reason, error, running } = complete(entry, {}, NOW);
  assert.deepEqual({ reason, error, running }, { reason: null, error: null, running: false });
});

Deno.test("2.2.2 CR8 a lost connection interrupts a model that goes on, and coming back ends that", () => {
  const entry: ModelEntry = { id: "a3f5e8c9", status: "training", checkpoint_path: "a/last.ckpt" };
  const lost = loseConnection(entry, NOW);
  assert.deepEqual(
    [lost.status, lost.running, lost.reason, lost.checkpoint_path],
    ["interrupted", true, "connection lost", "a/last.ckpt"],
  );
  assert.equal(loseConnection(lost, NOW), lost);
  const back = regainConnection(lost);
  assert.deepEqual([back.status, back.running, back.reason], ["training", false, null]);
  assert.equal(regainConnection(back), back);
  const completed = complete(lost, {}, NOW);
  assert.deepEqual([completed.status, completed.running], ["completed", false]);
  assert.equal(loseConnection(completed, NOW), completed);
});

Deno.test("2.2.3 CR13 a resume takes an ended model up, from its newest checkpoint", () => {
  const what = { jobId: "job_00000002", modelIndex: 0, restart: false };
  for (const status of ["interrupted", "completed", "failed", "abandoned"]) {
    const entry: ModelEntry = {
      id: "a3f5e8c9",
      status,
      job_id: "job_00000001",
      checkpoint_path: "a/best.ckpt",
      last_checkpoint_path: "a/last.ckpt",
      metrics: { epochs_completed: 5 },
      error: "it broke",
    };
    const resumed = resume(entry, what);
    assert.equal(resumed.status, "training");
    assert.equal(resumed.checkpoint_path, "a/last.ckpt");
    assert.deepEqual(resumed.metrics, { epochs_completed: 5 });
    assert.equal(resumed.error, null);
    assert.equal(resume(resumed, what), resumed);
  }
});

Deno.test("a resume from another file than the one that was measured forgets the measures", () => {
  const what = { jobId: "job_00000002", modelIndex: 0, restart: false };
  const checkpoint = { epoch: 2, sha256: "ab", bytes: 1 };
  const entry: ModelEntry = { id: "a3f5e8c9", status: "completed", checkpoint };
  const paths = { checkpoint_path: "a/best.ckpt", last_checkpoint_path: "a/last.ckpt" };
  assert.equal(resume({ ...entry, ...paths }, what).checkpoint, null);
  assert.equal(resume({ ...entry, checkpoint_path: "a/last.ckpt" }, what).checkpoint, checkpoint);
});

Deno.test("CR17 a restart takes the checkpoint out of the entry", () => {
  const entry: ModelEntry = {
    id: "a3f5e8c9",
    status: "interrupted",
    checkpoint_path: "a/last.ckpt",
    checkpoint: { epoch: 4, sha256: "0", bytes: 1 },
    last_epoch: 4,
  };
  const restarted = resume(entry, { jobId: "job_00000002", modelIndex: 0, restart: true });
  assert.deepEqual(
    [restarted.checkpoint_path, restarted.checkpoint, restarted.last_epoch, restarted.metrics],
    [null, null, null, null],
  );
});

Deno.test("CR26 CR27 an interrupted or failed model can be abandoned, a running one cannot", () => {
  assert.equal(abandon({ id: "a3f5e8c9", status: "interrupted" }).status, "abandoned");
  assert.equal(abandon({ id: "a3f5e8c9", status: "failed" }).status, "abandoned");
  const what = { jobId: "job_00000002", modelIndex: 0, restart: false };
  for (
    const entry of [
      { id: "a3f5e8c9", status: "training", job_id: "job_00000001" },
      { id: "a3f5e8c9", status: "interrupted", running: true },
    ]
  ) {
    assert.throws(() => abandon(entry), ConflictError);
    assert.throws(() => resume(entry, what), ConflictError);
  }
  assert.throws(() => abandon({ id: "a3f5e8c9", status: "completed" }), ConflictError);
});

Deno.test("interrupt() with another checkpoint forgets what was measured of the one before", () => {
  const checkpoint = { epoch: 3, sha256: "ab", bytes: 1 };
  const entry = { id: "a3f5e8c9", status: "training", checkpoint_path: "a/last.ckpt", checkpoint };
  const now = "2026-01-01T00:00:00.000Z";
  const same = interrupt(entry, { checkpointPath: "a/last.ckpt", epoch: 3 }, now);
  assert.deepEqual(same.checkpoint, checkpoint);
  assert.equal(interrupt(entry, { checkpointPath: "b/last.ckpt", epoch: 4 }, now).checkpoint, null);
});
