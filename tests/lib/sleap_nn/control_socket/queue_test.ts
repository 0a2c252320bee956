import assert from "node:assert/strict";
import type { TrainerMessage } from "../../../../lib/sleap_nn/control_socket/message.ts";
import { MessageQueue } from "../../../../lib/sleap_nn/control_socket/queue.ts";

function batch(index: number): TrainerMessage {
  return { event: "batch_end", epoch: 0, batch: index, loss: 1 };
}

async function drain(queue: MessageQueue): Promise<TrainerMessage[]> {
  return await Array.fromAsync(queue);
}

Deno.test("MessageQueue drops the oldest batches and keeps every epoch", async () => {
  const queue = new MessageQueue(2);
  queue.push({ event: "epoch_begin", epoch: 0 });
  for (let index = 0; index < 5; index++) queue.push(batch(index));
  queue.push({ event: "epoch_begin", epoch: 1 });
  queue.push(batch(5));
  queue.close();
  assert.deepEqual(await drain(queue), [
    { event: "epoch_begin", epoch: 0 },
    batch(4),
    { event: "epoch_begin", epoch: 1 },
    batch(5),
  ]);
});

Deno.test("MessageQueue hands over messages that come while its reader waits or works", async () => {
  const queue = new MessageQueue(10);
  const seen: TrainerMessage[] = [];
  const reading = (async () => {
    for await (const message of queue) {
      seen.push(message);
      if (message.event === "train_begin") queue.push(batch(0));
      if (message.event === "batch_end") queue.close();
    }
  })();
  await Promise.resolve();
  queue.push({ event: "train_begin" });
  await reading;
  assert.deepEqual(seen, [{ event: "train_begin" }, batch(0)]);
});

Deno.test("MessageQueue ends at once when it is closed empty, and takes nothing more", async () => {
  const queue = new MessageQueue(10);
  const reading = drain(queue);
  queue.close();
  queue.push({ event: "train_end" });
  assert.deepEqual(await reading, []);
});
