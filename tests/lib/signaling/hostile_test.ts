/** What strangers can do to the server: nothing. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CapturedLog } from "../../support/captured_log.ts";
import { Inbox } from "../../support/inbox.ts";
import { RawPeer, SignalingBed } from "../../support/signaling.ts";

const POLICY = 1008;
const TOO_BIG = 1009;
const UNSUPPORTED = 1003;

async function assertServes(bed: SignalingBed): Promise<void> {
  await using peer = await RawPeer.register(bed, "good");
  assert.equal((await peer.ask({ type: "discover_peers" }))["type"], "peer_list");
  assert.equal((await bed.request("GET", "/health")).status, 200);
}

Deno.test("an oversized, deep or binary message ends or wastes only its own connection", async () => {
  await using bed = await SignalingBed.create();
  const big = await RawPeer.open(bed.url);
  big.send("x".repeat(65_537));
  assert.equal(await big.closed, TOO_BIG);
  const huge = await RawPeer.open(bed.url);
  huge.send("x".repeat(10_000_000));
  assert.equal(await huge.closed, TOO_BIG);
  const binary = await RawPeer.open(bed.url);
  binary.send(new Uint8Array([0xff, 0x00, 0x80]));
  assert.equal(await binary.closed, UNSUPPORTED);
  await using deep = await RawPeer.open(bed.url);
  assert.equal((await deep.ask('{"a":'.repeat(10_000)))["code"], "INVALID_JSON");
  assert.equal((await deep.ask("[".repeat(20_000) + "]".repeat(20_000)))["code"], "INVALID_JSON");
  await assertServes(bed);
});

Deno.test("messages before registration do nothing", async () => {
  await using bed = await SignalingBed.create();
  await using worker = await RawPeer.register(bed, "w", { role: "worker" });
  await using stranger = await RawPeer.open(bed.url);
  const frames = [
    { type: "discover_peers", from_peer_id: "w" },
    { type: "offer", sender: "w", target: "w", sdp: "x" },
    { type: "update_metadata", peer_id: "w", metadata: { properties: { status: "forged" } } },
    { type: "peer_message", from_peer_id: "w", to_peer_id: "w", payload: {} },
  ];
  for (const frame of frames) assert.equal((await stranger.ask(frame))["code"], "NOT_IN_ROOM");
  const { metadata } = await worker.ask({ type: "update_metadata", metadata: {} });
  assert.deepEqual(metadata, { properties: {} });
});

Deno.test("a connection that does not register is closed", async () => {
  await using bed = await SignalingBed.create({ registerWithin: 50 });
  const silent = await RawPeer.open(bed.url);
  const busy = await RawPeer.open(bed.url);
  busy.send({ type: "discover_peers" });
  assert.deepEqual(await Promise.all([silent.closed, busy.closed]), [POLICY, POLICY]);
  await using peer = await RawPeer.register(bed, "good");
  const late = await RawPeer.open(bed.url);
  await late.closed;
  assert.equal((await peer.ask({ type: "discover_peers" }))["type"], "peer_list");
});

Deno.test("200 connections that never register do not keep others out", async () => {
  await using bed = await SignalingBed.create({ registerWithin: 60_000 });
  const crowd = await Promise.all(Array.from({ length: 200 }, () => RawPeer.open(bed.url)));
  await assertServes(bed);
  const closed = new Inbox<number>();
  for (const peer of crowd) void peer.closed.then(closed.push);
  for (const code of await closed.take(130)) assert.equal(code, POLICY);
  assert.ok(bed.server.connectionCount <= 64);
  await Promise.all(crowd.map((peer) => peer.close()));
});

Deno.test("200 connections that never say anything do not keep others out", async () => {
  await using bed = await SignalingBed.create();
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: bed.server.port });
  const crowd = await Promise.all(Array.from({ length: 200 }, connect));
  await assertServes(bed);
  for (const connection of crowd) connection.close();
});

Deno.test("one address may not ask without end", async () => {
  await using bed = await SignalingBed.create({ requests: { burst: 5, perSecond: 0.001 } });
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push((await bed.request("GET", "/health")).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
});

Deno.test("a peer that sends without end is dropped", async () => {
  await using bed = await SignalingBed.create();
  const peer = await RawPeer.register(bed, "flood");
  for (let n = 0; n < 200; n++) peer.send({ type: "offer", target: "nobody", sdp: "x" });
  await peer.closed;
  await assertServes(bed);
});

Deno.test("guessing keys on one connection ends after three", async () => {
  await using bed = await SignalingBed.create();
  const peer = await RawPeer.open(bed.url);
  for (let n = 0; n < 3; n++) {
    peer.send({ type: "register", peer_id: "p", room_id: bed.roomId, api_key: `slp_acct_${n}` });
  }
  assert.equal(await peer.closed, POLICY);
});

Deno.test("random frames never end the server, nor a registered worker", async () => {
  await using bed = await SignalingBed.create();
  const key = bed.member().key;
  await using worker = await RawPeer.register(bed, "w", { role: "worker" });
  const types = ["register", "offer", "answer", "candidate", "discover_peers", "update_metadata"];
  const frame = fc.record({
    type: fc.oneof(fc.constantFrom(...types), fc.jsonValue()),
    peer_id: fc.oneof(fc.constant("w"), fc.jsonValue()),
    target: fc.oneof(fc.constant("w"), fc.jsonValue()),
    room_id: fc.oneof(fc.constant(bed.roomId), fc.jsonValue()),
    api_key: fc.oneof(fc.constant(key), fc.jsonValue()),
    metadata: fc.jsonValue(),
    filters: fc.jsonValue(),
    role: fc.oneof(fc.constant("client"), fc.jsonValue()),
  }, { requiredKeys: ["type"] });
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
      await using peer = await RawPeer.open(bed.url);
      for (const each of frames) peer.send(each);
    }),
    { numRuns: 60 },
  );
  await assertServes(bed);
  while (worker.frames.size > 0) {
    const { type } = await worker.frames.next();
    assert.ok(["offer", "answer", "candidate"].includes(String(type)), String(type));
  }
});

Deno.test("no secret comes into the log, not even of those who are refused", async () => {
  using log = new CapturedLog();
  await using bed = await SignalingBed.create();
  const { key } = bed.member();
  const { jwt } = bed.accounts.createJwt(bed.member().user, 60);
  await using _peer = await RawPeer.register(bed, "good", { api_key: key, token: "tok_secret" });
  await using stranger = await RawPeer.open(bed.url);
  const bad = "slp_acct_secret_that_is_wrong";
  await stranger.ask({ type: "register", peer_id: "p", room_id: bed.roomId, api_key: bad });
  await stranger.ask({ type: "register", peer_id: ["x"], room_id: bed.roomId, api_key: key });
  await stranger.ask({ type: "register", peer_id: "p", room_id: bed.roomId, jwt });
  const { code } = bed.accounts.createInvite(bed.roomId);
  await bed.request("POST", "/api/auth/rooms/join", { body: { invite_code: code, name: "bob" } });
  await bed.request("POST", "/api/auth/rooms/join", { body: { invite_code: "code_wrong" } });
  await bed.request("GET", `/join/${code}`);
  const text = log.lines.join("\n");
  assert.match(text, /registration refused: Invalid account key/);
  for (const secret of [key, jwt, bad, code, "code_wrong", "tok_secret"]) {
    assert.ok(!text.includes(secret), secret);
  }
});
