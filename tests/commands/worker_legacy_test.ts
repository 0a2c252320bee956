/** `worker --allow-legacy`: Python clients in a real room. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type JoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import { decodeLegacyAuth } from "../../lib/protocol/legacy_auth.ts";
import { legacyHmac } from "../../lib/rtc/authenticate/legacy_proof.ts";
import type { Channel } from "../../lib/rtc/channel.ts";
import { SignalingClient } from "../../lib/signaling/client.ts";
import { RoomWorld } from "../support/room_world.ts";
import { legacyClient } from "../support/rtc.ts";

const STATEMENT = "accepts Python peers, whose connection is not bound to the room's secret";

interface Peer {
  peer_id: string;
  metadata: { properties: Record<string, unknown> };
}

async function roomOf(world: RoomWorld): Promise<JoinedRoom> {
  const [room] = await joinedRooms(world.laptop("home"));
  assert.ok(room);
  return room;
}

async function peersIn(world: RoomWorld): Promise<Peer[]> {
  const [{ peers }] = JSON.parse((await world.cli(["status", "--json"])).stdout);
  return peers;
}

async function textOf(channel: Channel): Promise<string> {
  return String((await channel.next()).value);
}

type Prove = (nonce: string, room: JoinedRoom) => Promise<string> | string;

/** What a Python client hears of a worker after its proof, and then of a job for no model. */
async function ask(world: RoomWorld, prove: Prove): Promise<string[]> {
  const room = await roomOf(world);
  const [worker] = await peersIn(world);
  await using signaling = await SignalingClient.connect({
    server: room.server,
    roomId: room.room_id,
    credential: room.account_key,
    peerId: "python",
    role: "client",
    metadata: {},
  });
  const { transport, channel } = await legacyClient(signaling, worker?.peer_id ?? "");
  try {
    const challenge = decodeLegacyAuth(await textOf(channel));
    if (challenge?.type !== "challenge") return ["no challenge"];
    await channel.send(`AUTH_RESPONSE::${await prove(challenge.nonce, room)}`);
    const verdict = await textOf(channel);
    if (verdict !== "AUTH_SUCCESS") return [verdict];
    const asked = { type: "track", data_path: "/no/clip.mp4", model_paths: ["mouse-v2"] };
    await channel.send(`JOB_SUBMIT::c1::${JSON.stringify(asked)}`);
    return [verdict, await textOf(channel)];
  } finally {
    await transport.close();
  }
}

const withSecret: Prove = (nonce, { secret }) => legacyHmac(secret, nonce);

/** With a key of its own, which the server lists for the room after a login. */
async function withKey(nonce: string, { server, account_key }: JoinedRoom): Promise<string> {
  const keys = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  assert.ok("privateKey" in keys);
  const raw = await crypto.subtle.exportKey("raw", keys.publicKey);
  const response = await fetch(`${server}/api/auth/public-keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${account_key}`, "Content-Type": "application/json" },
    body: JSON.stringify({
      public_key: Buffer.from(raw).toString("base64url"),
      device_name: "cli",
    }),
  });
  await response.body?.cancel();
  assert.equal(response.status, 200);
  const text = new TextEncoder().encode(nonce);
  const signature = await crypto.subtle.sign("Ed25519", keys.privateKey, text);
  return Buffer.from(signature).toString("base64url");
}

Deno.test("--allow-legacy: stated, seen in status, and Python clients are served", async () => {
  await using world = await RoomWorld.create();
  const worker = await world.startWorker({ args: ["--allow-legacy"] });
  const [peer] = await peersIn(world);
  assert.equal(peer?.metadata.properties["allow_legacy"], true);
  assert.match((await world.cli(["status"])).stdout, /gpu1-\w+ .* accepted\s*$/m);
  for (const prove of [withSecret, withKey]) {
    const [verdict, answer = ""] = await ask(world, prove);
    assert.equal(verdict, "AUTH_SUCCESS");
    const [, errors = ""] = answer.split("JOB_REJECTED::c1::");
    const { field, code } = JSON.parse(errors).errors[0];
    assert.deepEqual([field, code], ["data_path", "NOT_ALLOWED"]);
  }
  const [refused] = await ask(world, () => "x".repeat(43));
  assert.equal(refused, "AUTH_FAILURE::invalid");
  const { stderr } = await worker.stop();
  assert.ok(stderr.includes(STATEMENT), stderr);
  assert.match(stderr, /Python client "python" is gone/);
});

Deno.test("without --allow-legacy nothing is said of Python, and they are refused", async () => {
  await using world = await RoomWorld.create();
  const worker = await world.startWorker();
  const [peer] = await peersIn(world);
  assert.ok(!("allow_legacy" in (peer?.metadata.properties ?? {})));
  assert.doesNotMatch((await world.cli(["status"])).stdout, /accepted/);
  assert.notEqual((await ask(world, withSecret))[0], "AUTH_SUCCESS");
  const { stderr } = await worker.stop();
  assert.ok(!stderr.includes(STATEMENT), stderr);
  assert.match(stderr, /client "python" refused: .*Python client, which is not allowed here/);
});

Deno.test("a room that was joined with --allow-legacy needs no option", async () => {
  await using world = await RoomWorld.create();
  const join = await world.cli(["join", "--allow-legacy", world.link], {
    SLEAP_RTC_HOME: world.gpu("home"),
  });
  assert.equal(join.code, 0, join.stderr);
  const worker = await world.startWorker();
  const { stderr } = await worker.stop();
  assert.ok(stderr.includes(STATEMENT), stderr);
});
