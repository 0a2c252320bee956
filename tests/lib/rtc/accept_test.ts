import assert from "node:assert/strict";
import fc from "fast-check";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { connectTo } from "../../../lib/rtc/connect.ts";
import { Transport } from "../../../lib/rtc/transport.ts";
import { CHANNEL_LABELS } from "../../../lib/protocol/peer_link.ts";
import { Inbox } from "../../support/inbox.ts";
import { LAB, rawClient } from "../../support/rtc.ts";
import { MemoryRoom } from "../../support/memory_signaling.ts";

/** An offer that can be answered, from a peer that never connects. */
async function emptyOffer(): Promise<string> {
  const transport = await Transport.create([]);
  transport.open(CHANNEL_LABELS.control);
  const sdp = await transport.offer();
  await transport.close();
  return sdp;
}

Deno.test("acceptPeers() accepts several peers at once", async () => {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), LAB);
  const names = ["anna", "ben", "cleo"];
  const clients = await Promise.all(
    names.map((name) => connectTo(room.join(name), "worker", LAB)),
  );
  const workers = [];
  for (const _ of names) workers.push((await accepted.next()).value);
  assert.deepEqual(workers.map(({ peerId }) => peerId).sort(), names);
  for (const client of clients) await client.close();
  for (const worker of workers) assert.equal((await worker.closed).how, "goodbye");
  await accepted.return?.();
});

Deno.test("a peer may connect a second time, and the first connection stays", async () => {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), LAB);
  const signaling = room.join("client");
  const first = await connectTo(signaling, "worker", LAB);
  const second = await connectTo(signaling, "worker", LAB);
  const workers = [(await accepted.next()).value, (await accepted.next()).value];
  await first.control.send("first");
  await second.control.send("second");
  assert.equal((await workers[0].control.next()).value, "first");
  assert.equal((await workers[1].control.next()).value, "second");
  await Promise.all([first.close(), second.close()]);
  await Promise.all(workers.map((worker) => worker.closed));
  await accepted.return?.();
});

Deno.test("a second offer replaces the first while that is not authenticated", async () => {
  const room = new MemoryRoom();
  const refused = new Inbox<Error>();
  const onRefused = (_peer: string, error: Error) => refused.push(error);
  const accepted = acceptPeers(room.join("worker"), { ...LAB, onRefused });
  const signaling = room.join("client");
  await using first = await rawClient(signaling, "worker");
  const second = await connectTo(signaling, "worker", LAB);
  await first.transport.lost;
  await refused.next();
  const { value } = await accepted.next();
  await second.close();
  await value.closed;
  await accepted.return?.();
});

Deno.test("of 200 peers that never connect a few wait, and an honest one gets in after", async () => {
  const room = new MemoryRoom();
  const refused = new Inbox<string>();
  const accepted = acceptPeers(room.join("worker"), {
    ...LAB,
    timings: { connect: 1_000 },
    onRefused: (_peer, error) => refused.push(error.message),
  });
  const sdp = await emptyOffer();
  for (let n = 0; n < 200; n++) {
    room.inject({ type: "offer", to: "worker", from: `peer-${n}`, payload: { sdp } });
  }
  const reasons = await refused.take(200);
  assert.ok(reasons.filter((reason) => /other peers/.test(reason)).length > 150);
  const client = await connectTo(room.join("client"), "worker", LAB);
  const { value } = await accepted.next();
  await client.close();
  await value.closed;
  await accepted.return?.();
});

Deno.test("no offer, however odd, keeps an honest peer out", async () => {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), { ...LAB, timings: { connect: 1_000 } });
  const good = await emptyOffer();
  const lines = good.split("\r\n");
  const mangled = fc.tuple(fc.nat(lines.length - 1), fc.string()).map(([at, text]) =>
    lines.with(at, text).join("\r\n")
  );
  const cut = fc.nat(good.length).map((length) => good.slice(0, length));
  const payload = fc.oneof(
    fc.jsonValue(),
    fc.record({ sdp: fc.oneof(fc.jsonValue(), mangled, cut) }),
  );
  fc.assert(
    fc.property(fc.constantFrom("offer", "answer", "candidate"), payload, (type, payload) => {
      room.inject({ type, to: "worker", from: "hostile", payload });
    }),
    { numRuns: 100 },
  );
  const client = await connectTo(room.join("client"), "worker", LAB);
  const { value } = await accepted.next();
  await client.close();
  await value.closed;
  await accepted.return?.();
});

for (const how of ["signaling", "signal", "return"] as const) {
  Deno.test(`the end by ${how} leaves accepted connections alone`, async () => {
    const room = new MemoryRoom();
    const stop = new AbortController();
    const accepted = acceptPeers(room.join("worker"), { ...LAB, signal: stop.signal });
    const client = await connectTo(room.join("client"), "worker", LAB);
    const { value: worker } = await accepted.next();
    const end = accepted.next();
    if (how === "signaling") room.leave("worker");
    if (how === "signal") stop.abort();
    if (how === "return") await accepted.return?.();
    assert.equal((await end).done, true);
    await client.control.send("still here");
    assert.equal((await worker.control.next()).value, "still here");
    await client.close();
    await worker.closed;
  });
}
