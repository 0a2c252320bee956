import assert from "node:assert/strict";
import { FirstEpoch } from "../../../worker/attempts/first_epoch.ts";

function watching(startedFrom: { epoch: number } | null): { check: FirstEpoch; calls: number[] } {
  const calls: number[] = [];
  return { check: new FirstEpoch(startedFrom, () => calls.push(1)), calls };
}

Deno.test("FirstEpoch believes a trainer that goes on with the next epoch", () => {
  const { check, calls } = watching({ epoch: 9 });
  for (const epoch of [10, 10, 11]) assert.ok(check.reported(epoch));
  assert.ok(check.logged(10));
  assert.equal(check.wrong, null);
  assert.equal(calls.length, 0);
});

Deno.test("FirstEpoch an earlier epoch proves it, once; a later one may follow missed messages", () => {
  const { check, calls } = watching({ epoch: 9 });
  assert.ok(check.reported(12));
  assert.ok(!check.reported(0));
  assert.ok(!check.reported(10), "nothing is believed after that");
  assert.ok(!check.logged(0));
  assert.equal(check.wrong, 0);
  assert.equal(calls.length, 1);
});

Deno.test("FirstEpoch the log's first row must be the very epoch", () => {
  for (const first of [9, 11]) {
    const { check, calls } = watching({ epoch: 9 });
    assert.ok(!check.logged(first));
    assert.deepEqual([check.wrong, calls.length], [first, 1]);
  }
  assert.ok(watching(null).check.logged(0));
  assert.ok(!watching(null).check.logged(1));
});
