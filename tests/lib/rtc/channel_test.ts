/** Messages and back-pressure of a channel. */
import assert from "node:assert/strict";
import { ConnectionError } from "../../../lib/errors.ts";
import { MAX_MESSAGE_BYTES } from "../../../lib/rtc/channel.ts";
import { connectPair } from "../../support/rtc.ts";

Deno.test("a message of 64 KiB arrives, a larger one and an empty one are not sent", async () => {
  await using pair = await connectPair();
  await pair.client.blocks.send(new Uint8Array(MAX_MESSAGE_BYTES).fill(7));
  const { value } = await pair.worker.blocks.next();
  assert.ok(value instanceof Uint8Array);
  assert.equal(value.length, MAX_MESSAGE_BYTES);
  assert.ok(value.every((byte) => byte === 7));
  await assert.rejects(pair.client.blocks.send(new Uint8Array(MAX_MESSAGE_BYTES + 1)), RangeError);
  await assert.rejects(pair.client.control.send("é".repeat(MAX_MESSAGE_BYTES / 2 + 1)), RangeError);
  await assert.rejects(pair.client.control.send(""), RangeError);
});

Deno.test("the sender may reuse its buffer at once", async () => {
  await using pair = await connectPair();
  const buffer = new Uint8Array(30_000);
  for (let n = 1; n <= 20; n++) void pair.client.blocks.send(buffer.fill(n));
  for (let n = 1; n <= 20; n++) {
    const { value } = await pair.worker.blocks.next();
    assert.ok(value instanceof Uint8Array && value.every((byte) => byte === n), `block ${n}`);
  }
});

Deno.test("send() waits for the network: little is under way at any time", async () => {
  await using pair = await connectPair();
  const block = new Uint8Array(32_768);
  const total = 8 * 1_024 * 1_024;
  let received = 0;
  let mostUnderWay = 0;
  const reading = (async () => {
    while (received < total) received += (await pair.worker.blocks.next()).value?.length ?? 0;
  })();
  for (let sent = block.length; sent <= total; sent += block.length) {
    await pair.client.blocks.send(block);
    mostUnderWay = Math.max(mostUnderWay, sent - received);
  }
  await reading;
  assert.ok(mostUnderWay <= 1_024 * 1_024, `${mostUnderWay} bytes were under way`);
});

Deno.test("send() that waits is rejected when the connection ends", async () => {
  await using pair = await connectPair({ timings: { goodbye: 0 } });
  const block = new Uint8Array(MAX_MESSAGE_BYTES);
  const sends = Array.from({ length: 20 }, () => pair.client.blocks.send(block));
  const failed = Promise.allSettled(sends);
  await pair.client.close();
  const reasons = (await failed).filter(({ status }) => status === "rejected");
  assert.ok(reasons.length > 0);
  for (const { reason } of reasons as PromiseRejectedResult[]) {
    assert.ok(reason instanceof ConnectionError);
  }
});
