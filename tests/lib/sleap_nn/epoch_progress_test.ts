import assert from "node:assert/strict";
import type { TrainerMessage } from "../../../lib/sleap_nn/control_socket.ts";
import { parseTrainerMessage } from "../../../lib/sleap_nn/control_socket/message.ts";
import { type EpochFigures, EpochProgress } from "../../../lib/sleap_nn/epoch_progress.ts";
import { readTrainingLog } from "../../../lib/sleap_nn/training_log.ts";

function fold(messages: (TrainerMessage | null)[]): EpochFigures[] {
  const progress = new EpochProgress();
  return messages
    .map((message) => message === null ? null : progress.add(message))
    .filter((figures) => figures !== null);
}

function batch(epoch: number, index: number, loss: number | null): TrainerMessage {
  return { event: "batch_end", epoch, batch: index, loss };
}

function end(epoch: number, lastBatchLoss: number | null): TrainerMessage {
  return { event: "epoch_end", epoch, valLoss: 0.5, lastBatchLoss };
}

Deno.test("EpochProgress agrees with the training log of the same run", async () => {
  const fixtures = new URL("../../fixtures/", import.meta.url);
  const text = await Deno.readTextFile(new URL("zmq_progress.jsonl", fixtures));
  const figures = fold(text.trimEnd().split("\n").map(parseTrainerMessage));
  const rows = await readTrainingLog(new URL("training_log/centroid.csv", fixtures).pathname);
  assert.deepEqual(figures.map(({ epoch }) => epoch), [0, 1, 2]);
  assert.deepEqual(figures.map(({ valLoss }) => valLoss), rows.map(({ valLoss }) => valLoss));
  for (const [epoch, { trainLoss }] of rows.entries()) {
    // sleap-nn sums in double precision and logs in single.
    if (trainLoss !== null) assert.equal(Math.fround(figures[epoch]?.trainLoss ?? 0), trainLoss);
  }
  assert.equal(rows.filter(({ trainLoss }) => trainLoss !== null).length, 2);
  assert.ok(figures[2]?.trainLoss);
});

Deno.test("EpochProgress knows no training loss where a batch was missed", () => {
  assert.deepEqual(fold([batch(2, 1, 1), end(2, 1)])[0]?.trainLoss, null);
  assert.deepEqual(fold([batch(2, 0, 1), batch(2, 2, 1), end(2, 1)])[0]?.trainLoss, null);
  assert.deepEqual(fold([batch(2, 0, 1), end(2, 3)])[0]?.trainLoss, null);
  assert.deepEqual(fold([batch(1, 0, 1), end(2, 1)])[0]?.trainLoss, null);
  assert.deepEqual(fold([end(0, null)])[0]?.trainLoss, null);
});

Deno.test("EpochProgress knows no training loss where a batch had none", () => {
  const figures = fold([batch(0, 0, null), batch(0, 1, 2), end(0, 2)]);
  assert.deepEqual(figures, [{ epoch: 0, trainLoss: null, valLoss: 0.5 }]);
});

Deno.test("EpochProgress begins anew with each epoch", () => {
  const figures = fold([
    { event: "train_begin" },
    { event: "epoch_begin", epoch: 3 },
    batch(3, 0, 1),
    batch(3, 1, 3),
    end(3, 3),
    batch(4, 0, 5),
    end(4, 5),
    { event: "train_end" },
  ]);
  assert.deepEqual(figures.map(({ epoch, trainLoss }) => [epoch, trainLoss]), [[3, 2], [4, 5]]);
});
