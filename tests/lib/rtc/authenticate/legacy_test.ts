/** Python peers, whose challenge is bound to nothing: only where the user allows them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { NotAuthorisedError } from "../../../../lib/errors.ts";
import { type AcceptOptions, acceptPeers } from "../../../../lib/rtc/accept.ts";
import {
  isLegacyHmac,
  isLegacySignature,
  legacyHmac,
} from "../../../../lib/rtc/authenticate/legacy_proof.ts";
import type { Channel } from "../../../../lib/rtc/channel.ts";
import { connectTo } from "../../../../lib/rtc/connect.ts";
import type { PeerConnection } from "../../../../lib/rtc/peer_connection.ts";
import { Inbox } from "../../../support/inbox.ts";
import { legacyClient, legacyWorker } from "../../../support/rtc.ts";
import { MemoryRoom } from "../../../support/memory_signaling.ts";

/** Test vectors of the Python program: secret and seed are bytes 00..1f, the nonce bytes 20..3f. */
const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NONCE = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
const HMAC = "YiFd573c6n4sQEf_a7lPjRgmL8iz82SBNLt9RBWP-E0";
const PUBLIC_KEY = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
const SIGNATURE =
  "fZtkK55Xv4epzYv9K_2-682_pyMQF1p5sIV7H0S2cY3SEYvEfz7-bdYvOlK0RROlxwEXnHOdw3GJlmOMZ2IpBw";

const LAB = { room: "lab", secret: SECRET };

Deno.test("proofs are those of the Python program", async () => {
  assert.equal(legacyHmac(SECRET, NONCE), HMAC);
  assert.ok(isLegacyHmac(HMAC, SECRET, NONCE));
  assert.ok(!isLegacyHmac(HMAC.replace("Y", "Z"), SECRET, NONCE));
  assert.ok(await isLegacySignature(SIGNATURE, ["?", "AAAA", PUBLIC_KEY], NONCE));
  assert.ok(!await isLegacySignature(SIGNATURE, [PUBLIC_KEY], NONCE.replace("I", "J")));
  assert.ok(!await isLegacySignature(SIGNATURE, [], NONCE));
});

Deno.test("a secret that is no key proves nothing", () => {
  for (const secret of ["", "!!", "short"]) {
    assert.ok(!isLegacyHmac(legacyHmac(secret, NONCE), secret, NONCE));
  }
});

/** A worker that may accept Python clients, and one that connects to it. */
async function legacyPair(options: Partial<AcceptOptions>) {
  const room = new MemoryRoom();
  const refused = new Inbox<Error>();
  const accepted = acceptPeers(room.join("worker"), {
    ...LAB,
    ...options,
    onRefused: (_peer, error) => refused.push(error),
  });
  const { transport, channel } = await legacyClient(room.join("client"), "worker");
  return {
    refused,
    accepted,
    channel,
    transport,
    [Symbol.asyncDispose]: async () => {
      await accepted.return?.();
      await transport.close();
    },
  };
}

async function textOf(channel: Channel): Promise<string> {
  return String((await channel.next()).value);
}

async function nonceOf(channel: Channel): Promise<string> {
  const [, nonce] = /^AUTH_CHALLENGE::([\w-]{43})$/.exec(await textOf(channel)) ?? [];
  assert.ok(nonce !== undefined);
  return nonce;
}

Deno.test("a Python client is refused unless it is allowed", async () => {
  await using pair = await legacyPair({});
  assert.ok(await pair.refused.next() instanceof NotAuthorisedError);
  await pair.transport.lost;
});

Deno.test("an allowed Python client proves itself, and what it sent before is delivered", async () => {
  await using pair = await legacyPair({ allowLegacy: true });
  await pair.channel.send("JOB_SUBMIT::job_1::{}");
  const nonce = await nonceOf(pair.channel);
  await pair.channel.send(`AUTH_RESPONSE::${legacyHmac(SECRET, nonce)}`);
  assert.equal(await textOf(pair.channel), "AUTH_SUCCESS");
  const { value } = await pair.accepted.next();
  const connection: PeerConnection = value;
  assert.equal(connection.authentication, "legacy");
  assert.equal(connection.blocks, connection.control);
  await pair.channel.send(new TextEncoder().encode("KEEP_ALIVE"));
  await pair.channel.send("JOB_STOP");
  assert.equal(await textOf(connection.control), "JOB_SUBMIT::job_1::{}");
  assert.equal(await textOf(connection.control), "JOB_STOP");
  await connection.close();
  await pair.transport.lost;
});

Deno.test("an allowed Python client may prove itself with a member's key", async () => {
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const raw = await crypto.subtle.exportKey("raw", (keys as CryptoKeyPair).publicKey);
  const publicKey = Buffer.from(raw).toString("base64url");
  await using pair = await legacyPair({
    allowLegacy: true,
    authorizedKeys: () => Promise.resolve([PUBLIC_KEY, publicKey]),
  });
  const nonce = new TextEncoder().encode(await nonceOf(pair.channel));
  const signature = await crypto.subtle.sign("Ed25519", (keys as CryptoKeyPair).privateKey, nonce);
  await pair.channel.send(`AUTH_RESPONSE::${Buffer.from(signature).toString("base64url")}`);
  assert.equal(await textOf(pair.channel), "AUTH_SUCCESS");
  const { value } = await pair.accepted.next();
  await value.close();
});

Deno.test("a Python client that closes says goodbye with that", async () => {
  await using pair = await legacyPair({ allowLegacy: true });
  const nonce = await nonceOf(pair.channel);
  await pair.channel.send(`AUTH_RESPONSE::${legacyHmac(SECRET, nonce)}`);
  const { value } = await pair.accepted.next();
  await pair.transport.close();
  assert.equal((await value.closed).how, "goodbye");
});

for (const [proof, reason] of [[HMAC, "invalid"], [SIGNATURE, "invalid"], ["missing", "missing"]]) {
  Deno.test(`a Python client whose proof is ${proof} is refused`, async () => {
    await using pair = await legacyPair({ allowLegacy: true });
    await pair.channel.send("JOB_SUBMIT::job_1::{}");
    await nonceOf(pair.channel);
    await pair.channel.send(`AUTH_RESPONSE::${proof}`);
    assert.equal(await textOf(pair.channel), `AUTH_FAILURE::${reason}`);
    assert.ok(await pair.refused.next() instanceof NotAuthorisedError);
    await pair.transport.lost;
  });
}

Deno.test("a Python client that does not answer is dropped", async () => {
  await using pair = await legacyPair({ allowLegacy: true, timings: { authenticate: 50 } });
  assert.match((await pair.refused.next()).message, /took too long/);
});

Deno.test("connectTo() proves itself to a Python worker, if told to", async () => {
  const room = new MemoryRoom();
  const answering = legacyWorker(room.join("worker"));
  const connecting = connectTo(room.join("client"), "worker", { ...LAB, legacy: true });
  const { transport, channel } = await answering;
  await channel.send(`AUTH_CHALLENGE::${NONCE}`);
  assert.equal(await textOf(channel), `AUTH_RESPONSE::${HMAC}`);
  await channel.send("AUTH_SUCCESS");
  await using connection = await connecting;
  assert.equal(connection.authentication, "legacy");
  await channel.send("JOB_ACCEPTED::job_1");
  assert.equal(await textOf(connection.control), "JOB_ACCEPTED::job_1");
  await connection.close();
  assert.match(await transport.lost, /peer closed/);
  await transport.close();
});

Deno.test("connectTo() fails when a Python worker does not accept the proof", async () => {
  const room = new MemoryRoom();
  const answering = legacyWorker(room.join("worker"));
  const failing = assert.rejects(
    connectTo(room.join("client"), "worker", { ...LAB, legacy: true }),
    NotAuthorisedError,
  );
  const { transport, channel } = await answering;
  await channel.send(`AUTH_CHALLENGE::${NONCE}`);
  await channel.send("AUTH_FAILURE::invalid");
  await failing;
  await transport.close();
});
