import assert from "node:assert/strict";
import { ConnectionError, EXIT } from "../../../lib/errors.ts";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { connectTo } from "../../../lib/rtc/connect.ts";
import type { SessionDescription } from "../../../lib/rtc/signaling.ts";
import { connectPair, LAB } from "../../support/rtc.ts";
import { MemoryRoom } from "../../support/memory_signaling.ts";

Deno.test("connectTo() and acceptPeers() meet and exchange messages both ways", async () => {
  await using pair = await connectPair();
  const { client, worker } = pair;
  assert.deepEqual([client.peerId, worker.peerId], ["worker", "client"]);
  assert.deepEqual([client.authentication, worker.authentication], ["bound", "bound"]);
  for (const [from, to] of [[client, worker], [worker, client]] as const) {
    await from.control.send("hello");
    await from.blocks.send(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await to.control.next(), { done: false, value: "hello" });
    assert.deepEqual([...(await to.blocks.next()).value ?? []], [1, 2, 3]);
  }
});

Deno.test("offer and answer are complete: nothing is trickled", async () => {
  const room = new MemoryRoom();
  const seen: string[] = [];
  room.tamper = (message) => {
    seen.push(message.type);
    const { sdp } = message.payload as SessionDescription;
    assert.match(sdp, /^a=candidate:/m);
    assert.match(sdp, /^a=end-of-candidates/m);
    return message;
  };
  const accepted = acceptPeers(room.join("worker"), LAB);
  const client = await connectTo(room.join("client"), "worker", LAB);
  await client.close();
  await accepted.return?.();
  assert.deepEqual(seen, ["offer", "answer"]);
});

/** Connecting must fail with exit code 5 and a text that names the peer. */
async function assertFails(
  room: MemoryRoom,
  why: RegExp,
  options: Partial<Parameters<typeof connectTo>[2]> = {},
): Promise<void> {
  const error = await connectTo(room.join("client"), "worker", { ...LAB, ...options })
    .catch((error) => error);
  assert.ok(error instanceof ConnectionError, String(error));
  assert.equal(error.exitCode, EXIT.connection);
  assert.match(error.message, /"worker"/);
  assert.match(error.message, why);
}

Deno.test("connectTo() gives up on a worker that does not answer", async () => {
  await assertFails(new MemoryRoom(), /does not answer/, { timings: { answer: 50 } });
});

Deno.test("connectTo() takes no answer of others, and none to another offer", async () => {
  const room = new MemoryRoom();
  const answer = (from: string, payload: unknown) =>
    room.inject({ type: "answer", to: "client", from, payload });
  room.tamper = (message) => {
    const { connection_id } = message.payload as SessionDescription;
    answer("other", { sdp: "v=0", connection_id });
    answer("worker", { sdp: "v=0", connection_id: "other" });
    for (const payload of [null, 7, {}, { sdp: 7 }, { sdp: "" }]) answer("worker", payload);
    return null;
  };
  await assertFails(room, /does not answer/, { timings: { answer: 50 } });
});

for (const sdp of ["v=0", "nonsense", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"]) {
  Deno.test(`connectTo() fails on the answer ${JSON.stringify(sdp)}`, async () => {
    const room = new MemoryRoom();
    room.tamper = (message) => {
      const { connection_id } = message.payload as SessionDescription;
      const payload = { sdp, connection_id };
      room.inject({ type: "answer", to: "client", from: "worker", payload });
      return null;
    };
    await assertFails(room, /Cannot connect/, { timings: { connect: 100 } });
  });
}

Deno.test("connectTo() gives up on a worker that cannot be reached", async () => {
  const room = new MemoryRoom();
  room.tamper = (message) => {
    const payload = message.payload as SessionDescription;
    const sdp = payload.sdp.replaceAll(/^a=candidate:.*\r?\n/gm, "");
    return { ...message, payload: { ...payload, sdp } };
  };
  const accepted = acceptPeers(room.join("worker"), { ...LAB, timings: { connect: 100 } });
  await assertFails(room, /no connection|no route/, { timings: { connect: 100 } });
  await accepted.return?.();
});

Deno.test("connectTo() tries again when a try was spoiled", async () => {
  const room = new MemoryRoom();
  let offers = 0;
  room.tamper = (message) => {
    if (message.type === "offer") offers++;
    const payload = message.payload as SessionDescription;
    const sdp = offers > 1 ? payload.sdp : payload.sdp.replaceAll(/^a=candidate:.*\r?\n/gm, "");
    return { ...message, payload: { ...payload, sdp } };
  };
  const accepted = acceptPeers(room.join("worker"), LAB);
  const client = await connectTo(room.join("client"), "worker", LAB);
  await client.close();
  assert.equal(offers, 2);
  await accepted.return?.();
});

Deno.test("connectTo() fails on a certificate that the answer did not announce", async () => {
  const room = new MemoryRoom();
  room.tamper = (message) => {
    const payload = message.payload as SessionDescription;
    if (message.type === "offer") return message;
    const sdp = payload.sdp.replace(/(a=fingerprint:sha-256) .*/, `$1 ${"AB:".repeat(31)}AB`);
    return { ...message, payload: { ...payload, sdp } };
  };
  const accepted = acceptPeers(room.join("worker"), { ...LAB, timings: { connect: 2_000 } });
  await assertFails(room, /secure connection|no connection|closed/, {
    timings: { connect: 2_000 },
  });
  await accepted.return?.();
});

Deno.test("connectTo() can be given up", async () => {
  const giveUp = new AbortController();
  const room = new MemoryRoom();
  room.tamper = () => {
    giveUp.abort();
    return null;
  };
  await assertFails(room, /given up/, { signal: giveUp.signal });
  await assertFails(room, /given up/, { signal: AbortSignal.abort() });
});

Deno.test("connectTo() fails when the signaling server is lost", async () => {
  const room = new MemoryRoom();
  room.tamper = () => {
    room.leave("client");
    return null;
  };
  await assertFails(room, /signaling/);
});
