/** The mutual proof (design: trust). A peer that fails it gets nothing and says nothing. */
import assert from "node:assert/strict";
import { ConnectionError, EXIT, NotAuthorisedError } from "../../../lib/errors.ts";
import { decodeLink, encodeLink } from "../../../lib/protocol/peer_link.ts";
import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { connectTo } from "../../../lib/rtc/connect.ts";
import {
  fingerprintsOf,
  proofKey,
  proofOf,
  type Role,
} from "../../../lib/rtc/authenticate/proof.ts";
import { Inbox } from "../../support/inbox.ts";
import { LAB, ManInTheMiddle, rawClient, type RawPeer, rawWorker } from "../../support/rtc.ts";
import { MemoryRoom } from "../../support/memory_signaling.ts";

/** A worker whose refusals can be awaited and that must not accept anybody. */
function strictWorker(room: MemoryRoom, timings = {}) {
  const refused = new Inbox<Error>();
  const accepted = acceptPeers(room.join("worker"), {
    ...LAB,
    timings,
    onRefused: (_peer, error) => refused.push(error),
  });
  let isAccepted = false;
  void accepted.next().then(({ done }) => isAccepted = !done);
  return {
    refused,
    [Symbol.asyncDispose]: async () => {
      await accepted.return?.();
      assert.equal(isAccepted, false, "a peer was accepted");
    },
  };
}

async function textOf(peer: RawPeer): Promise<string> {
  const { value } = await peer.control.next();
  return String(value);
}

async function nonceOf(peer: RawPeer): Promise<Uint8Array> {
  const message = decodeLink(await textOf(peer));
  assert.equal(message?.type, "nonce");
  return message.nonce;
}

/** The right proof of a peer that knows the secret. */
function rightProof(peer: RawPeer, prover: Role, nonces: Record<Role, Uint8Array>): string {
  const mac = proofOf(proofKey(LAB.secret, LAB.room), prover, {
    room: LAB.room,
    peers: { client: "client", worker: "worker" },
    nonces,
    fingerprints: fingerprintsOf(peer.binding, "client"),
    keyingMaterial: peer.binding.keyingMaterial,
  });
  return encodeLink({ type: "proof", mac });
}

Deno.test("a client with another secret is refused, with exit code 4 on its side", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  const error = await connectTo(room.join("client"), "worker", { ...LAB, secret: "wrong" })
    .catch((error) => error);
  assert.ok(error instanceof NotAuthorisedError);
  assert.equal(error.exitCode, EXIT.notAuthorised);
  assert.match(error.message, /"worker"/);
  assert.ok(!error.message.includes(LAB.secret));
  assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
});

Deno.test("a client in another room is refused", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  await assert.rejects(
    connectTo(room.join("client"), "worker", { ...LAB, room: "other" }),
    NotAuthorisedError,
  );
  assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
});

Deno.test("a forged proof is refused, and the worker shows none of its own", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  await using peer = await rawClient(room.join("client"), "worker");
  await peer.control.send(encodeLink({ type: "nonce", nonce: new Uint8Array(32) }));
  await nonceOf(peer);
  await peer.control.send(encodeLink({ type: "proof", mac: new Uint8Array(32) }));
  assert.deepEqual(decodeLink(await textOf(peer)), { type: "refused" });
  assert.equal((await peer.control.next()).done, true);
  assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
});

Deno.test("a proof that was good once is refused the next time", async () => {
  const room = new MemoryRoom();
  const signaling = room.join("client");
  const client = new Uint8Array(32).fill(7);
  const accepted = acceptPeers(room.join("worker"), LAB);
  await using first = await rawClient(signaling, "worker");
  await first.control.send(encodeLink({ type: "nonce", nonce: client }));
  const proof = rightProof(first, "client", { client, worker: await nonceOf(first) });
  await first.control.send(proof);
  assert.equal(decodeLink(await textOf(first))?.type, "proof");
  await first.transport.close();
  const { value } = await accepted.next();
  await value.closed;
  await accepted.return?.();

  await using worker = strictWorker(room);
  await using second = await rawClient(signaling, "worker");
  await second.control.send(encodeLink({ type: "nonce", nonce: client }));
  await nonceOf(second);
  await second.control.send(proof);
  assert.deepEqual(decodeLink(await textOf(second)), { type: "refused" });
  assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
});

Deno.test("a worker that reflects the client's nonce and proof is refused", async () => {
  const room = new MemoryRoom();
  const answering = rawWorker(room.join("worker"));
  const connecting = assert.rejects(
    connectTo(room.join("client"), "worker", LAB),
    NotAuthorisedError,
  );
  await using worker = await answering;
  for (let message = 0; message < 2; message++) await worker.control.send(await textOf(worker));
  assert.deepEqual(decodeLink(await textOf(worker)), { type: "refused" });
  await connecting;
});

for (const ownCertificate of [true, false]) {
  const which = ownCertificate
    ? "with a certificate of its own"
    : "that shows the victims' own one";
  Deno.test(`someone in the middle ${which} is noticed by both sides`, async () => {
    const room = new MemoryRoom();
    await using worker = strictWorker(room);
    await using middle = await ManInTheMiddle.in(room, ownCertificate);
    await assert.rejects(connectTo(room.join("client"), "worker", LAB), NotAuthorisedError);
    assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
    assert.equal(middle.fingerprints.size, ownCertificate ? 2 : 1);
    assert.equal(middle.relayed.filter((text) => text.startsWith("PROOF::")).length, 1);
  });
}

Deno.test("a request before the proof is refused and not delivered", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  await using peer = await rawClient(room.join("client"), "worker");
  await peer.control.send("JOB_SUBMIT::job_1::{}");
  await nonceOf(peer);
  assert.deepEqual(decodeLink(await textOf(peer)), { type: "refused" });
  assert.ok(await worker.refused.next() instanceof NotAuthorisedError);
});

Deno.test("blocks before the proof are not delivered, whatever follows", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  await using peer = await rawClient(room.join("client"), "worker");
  await peer.blocks.send(new Uint8Array(100));
  const client = new Uint8Array(32).fill(7);
  await peer.control.send(encodeLink({ type: "nonce", nonce: client }));
  await peer.control.send(rightProof(peer, "client", { client, worker: await nonceOf(peer) }));
  assert.match((await worker.refused.next()).message, /before its proof/);
});

Deno.test("a flood before the proof ends the connection", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room);
  await using peer = await rawClient(room.join("client"), "worker");
  for (let n = 0; n < 3; n++) await peer.blocks.send(new Uint8Array(60_000));
  assert.ok(await worker.refused.next() instanceof ConnectionError);
});

Deno.test("a peer that never proves itself is dropped", async () => {
  const room = new MemoryRoom();
  await using worker = strictWorker(room, { authenticate: 50 });
  await using peer = await rawClient(room.join("client"), "worker");
  assert.match((await worker.refused.next()).message, /did not prove itself in time/);
  await peer.transport.lost;
});
