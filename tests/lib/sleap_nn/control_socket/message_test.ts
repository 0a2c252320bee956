import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTrainerMessage } from "../../../../lib/sleap_nn/control_socket/message.ts";

function parse(value: unknown): unknown {
  return parseTrainerMessage(JSON.stringify(value));
}

Deno.test("parseTrainerMessage() reads every event of a recorded training", async () => {
  const url = new URL("../../../fixtures/zmq_progress.jsonl", import.meta.url);
  const lines = (await Deno.readTextFile(url)).trimEnd().split("\n");
  const messages = lines.map(parseTrainerMessage).filter((message) => message !== null);
  const batches = lines.filter((line) => line.includes('"batch_start"')).length;
  assert.equal(messages.length, lines.length - batches);
  assert.deepEqual(messages.slice(0, 3), [
    { event: "train_begin" },
    { event: "epoch_begin", epoch: 0 },
    { event: "batch_end", epoch: 0, batch: 0, loss: 0.02331671491265297 },
  ]);
  assert.deepEqual(messages.filter(({ event }) => event === "epoch_end")[0], {
    event: "epoch_end",
    epoch: 0,
    valLoss: 0.016558192670345306,
    lastBatchLoss: 0.01851801387965679,
  });
  assert.deepEqual(messages.at(-1), { event: "train_end" });
});

Deno.test("parseTrainerMessage() takes bare NaN and Infinity for no number", () => {
  const batch =
    '{"what": "NaN", "event": "batch_end", "logs": {"loss": NaN}, "epoch": 1, "batch": 2}';
  assert.deepEqual(parseTrainerMessage(batch), {
    event: "batch_end",
    epoch: 1,
    batch: 2,
    loss: null,
  });
  const epoch =
    '{"event": "epoch_end", "logs": {"a\\"NaN": NaN, "loss": -Infinity, "val/loss": Infinity}, "epoch": 0}';
  assert.deepEqual(parseTrainerMessage(epoch), {
    event: "epoch_end",
    epoch: 0,
    valLoss: null,
    lastBatchLoss: null,
  });
});

Deno.test("parseTrainerMessage() reads the validation loss under its older name", () => {
  const message = parse({ event: "epoch_end", logs: { val_loss: 0.5 }, epoch: 3 });
  assert.deepEqual(message, { event: "epoch_end", epoch: 3, valLoss: 0.5, lastBatchLoss: null });
});

Deno.test("parseTrainerMessage() ignores what it does not know", () => {
  const texts = ["", "hello", "null", "[]", "{}", "NaN", '"', '{"event": 1}', '{"a": "'];
  for (const text of texts) assert.equal(parseTrainerMessage(text), null, text);
  assert.equal(parse({ event: "batch_start", batch: 0 }), null);
  assert.equal(parse({ event: "new_event", epoch: 0 }), null);
  assert.equal(parse({ event: "epoch_begin" }), null);
  assert.equal(parse({ event: "epoch_begin", epoch: -1 }), null);
  assert.equal(parse({ event: "epoch_begin", epoch: 0.5 }), null);
  assert.equal(parse({ event: "epoch_begin", epoch: 1e300 }), null);
  assert.equal(parse({ event: "batch_end", epoch: 0, batch: 0, logs: null }), null);
  assert.equal(parse({ event: "epoch_end", epoch: 0, logs: "loss" }), null);
});

Deno.test("parseTrainerMessage() copes with hostile text in linear time", () => {
  const size = 1024 * 1024;
  for (const piece of ["[", '{"a":', '\\"', '"', "\\", "NaN,", '"\\"', "-"]) {
    const text = `"${piece.repeat(size / piece.length)}`;
    assert.equal(parseTrainerMessage(text), null);
    assert.equal(parseTrainerMessage(text.slice(1)), null);
  }
});

Deno.test("parseTrainerMessage() never throws", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    parseTrainerMessage(text);
  }));
});
