/** The life and the end of a connection. */
import assert from "node:assert/strict";
import { ConnectionError, EXIT } from "../../../lib/errors.ts";
import { encodeLink, isKeepAlive } from "../../../lib/protocol/peer_link.ts";
import { connectPair, silentClient } from "../../support/rtc.ts";

const QUICK = { heartbeat: 50, silence: 1_000 };

Deno.test("both sides send heartbeats, which no reader sees", async () => {
  await using silent = await silentClient({ heartbeat: 5 });
  for (let beat = 0; beat < 3; beat++) {
    const { value } = await silent.client.control.next();
    assert.ok(value instanceof Uint8Array && isKeepAlive(value));
  }
  await using pair = await connectPair({ timings: QUICK });
  await new Promise((resolve) => setTimeout(resolve, 1.5 * QUICK.silence));
  await pair.client.control.send("alive");
  assert.equal((await pair.worker.control.next()).value, "alive");
});

Deno.test("a peer that is silent counts as dead", async () => {
  const began = performance.now();
  await using silent = await silentClient({ silence: 100 });
  const { how, reason } = await silent.worker.closed;
  assert.equal(how, "lost");
  assert.match(reason, /^silent for \d+\.\d s$/);
  assert.ok(performance.now() - began < 5_000);
});

Deno.test("a silent peer is noticed sooner while a transfer is under way", async () => {
  await using silent = await silentClient({ silence: 60_000, transferSilence: 100 });
  using _transfer = silent.worker.transfer();
  assert.equal((await silent.worker.closed).how, "lost");
});

Deno.test("what arrives is a sign of life, and a transfer that is over changes nothing", async () => {
  await using silent = await silentClient({ silence: 60_000, transferSilence: 1_000 });
  {
    using _transfer = silent.worker.transfer();
    for (let n = 0; n < 15; n++) {
      await silent.client.blocks.send(new Uint8Array(10));
      await silent.worker.blocks.next();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const first = await Promise.race([
    silent.worker.closed,
    new Promise((resolve) => setTimeout(resolve, 1_500, "alive")),
  ]);
  assert.equal(first, "alive");
});

for (const side of ["client", "worker"] as const) {
  const other = side === "client" ? "worker" : "client";
  Deno.test(`a goodbye of the ${side} reaches the ${other}, after what was said before`, async () => {
    await using pair = await connectPair();
    void pair[side].control.send("last words");
    await pair[side].close("done here");
    assert.deepEqual(await pair[other].closed, { how: "goodbye", reason: "done here" });
    assert.deepEqual(await pair[side].closed, { how: "closed", reason: "done here" });
    const words: unknown[] = [];
    for await (const message of pair[other].control) words.push(message);
    assert.deepEqual(words, ["last words"]);
  });
}

Deno.test("two goodbyes at once close both sides", async () => {
  await using pair = await connectPair();
  await Promise.all([pair.client.close("a"), pair.worker.close("b")]);
  assert.equal((await pair.client.closed).how, "closed");
  assert.equal((await pair.worker.closed).how, "closed");
});

Deno.test("a peer that does not answer our goodbye holds nothing up", async () => {
  await using silent = await silentClient({ goodbye: 50 });
  const began = performance.now();
  await silent.worker.close();
  assert.ok(performance.now() - began < 2_000);
  await silent.client.transport.lost;
});

Deno.test("a connection that ends without a goodbye is lost, at once", async () => {
  await using silent = await silentClient({});
  const began = performance.now();
  await silent.client.transport.close();
  assert.equal((await silent.worker.closed).how, "lost");
  assert.ok(performance.now() - began < 2_000);
});

Deno.test("a goodbye after the proof counts even when it comes at once", async () => {
  await using silent = await silentClient({});
  await silent.client.control.send(encodeLink({ type: "goodbye", reason: "" }));
  assert.equal((await silent.worker.closed).how, "goodbye");
});

Deno.test("sending on a connection that ended fails with exit code 5", async () => {
  await using pair = await connectPair();
  await pair.client.close();
  await pair.worker.closed;
  for (const connection of [pair.client, pair.worker]) {
    const error = await connection.control.send("x").catch((error) => error);
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.exitCode, EXIT.connection);
  }
});
