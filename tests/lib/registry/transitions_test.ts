import assert from "node:assert/strict";
import { ConflictError } from "../../../lib/errors.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { complete, fail, interrupt } from "../../../lib/registry/transitions.ts";

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
