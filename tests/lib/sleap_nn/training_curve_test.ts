import assert from "node:assert/strict";
import { stitchCurve } from "../../../lib/sleap_nn/training_curve.ts";
import { summarise, type TrainingLogRow } from "../../../lib/sleap_nn/training_log.ts";

function rows(first: number, losses: (number | null)[]): TrainingLogRow[] {
  return losses.map((valLoss, index) => ({
    epoch: first + index,
    trainLoss: null,
    valLoss,
    learningRate: null,
  }));
}

function losses(curve: TrainingLogRow[]): [number, number | null][] {
  return curve.map(({ epoch, valLoss }) => [epoch, valLoss]);
}

Deno.test("stitchCurve() a later attempt counts from its first epoch on", () => {
  const curve = stitchCurve([rows(0, [5, 4, 3]), rows(2, [2.5, 2]), rows(3, [1])]);
  assert.deepEqual(losses(curve), [[0, 5], [1, 4], [2, 2.5], [3, 1]]);
  assert.deepEqual(summarise(curve), {
    final_val_loss: 1,
    best_val_loss: 1,
    best_epoch: 3,
    epochs_completed: 4,
  });
});

Deno.test("stitchCurve() attempts without an epoch change nothing", () => {
  assert.deepEqual(stitchCurve([]), []);
  assert.deepEqual(losses(stitchCurve([[], rows(0, [5]), [], rows(1, [null]), []])), [
    [0, 5],
    [1, null],
  ]);
});

Deno.test("stitchCurve() an epoch that was logged but not saved is trained anew", () => {
  const curve = stitchCurve([rows(0, [5, 0.1]), rows(1, [4])]);
  assert.equal(summarise(curve).best_val_loss, 4);
});
