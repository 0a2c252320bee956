/** The frames of Python 0.0.7 peers (signaling-contract 4.1, wire-protocol 0.3). */
import assert from "node:assert/strict";
import { RawPeer, SignalingBed } from "../../support/signaling.ts";

const WORKER_METADATA = {
  tags: ["sleap-rtc", "training-worker", "inference-worker"],
  properties: { gpu_memory_mb: 16_000, gpu_model: "NVIDIA A4000", status: "available", mounts: [] },
};
const CLIENT_METADATA = {
  tags: ["sleap-rtc", "training-client"],
  properties: { sleap_version: "unknown", platform: "Linux", user_id: "alice" },
};

function worker(bed: SignalingBed, id: string, more = {}): Promise<RawPeer> {
  return RawPeer.register(bed, id, {
    role: "worker",
    is_admin: true,
    metadata: WORKER_METADATA,
    ...more,
  });
}

Deno.test("a worker registers with an account key and becomes its own admin", async () => {
  await using bed = await SignalingBed.create();
  const { key } = bed.member();
  await using other = await worker(bed, "worker-acct_abc-gpu1-000000");
  await using peer = await RawPeer.open(bed.url);
  const answer = await peer.ask({
    type: "register",
    peer_id: "worker-acct_abc-gpu2-123456",
    role: "worker",
    api_key: key,
    room_id: bed.roomId,
    is_admin: true,
    metadata: WORKER_METADATA,
  });
  assert.deepEqual(answer, {
    type: "registered_auth",
    room_id: bed.roomId,
    peer_id: "worker-acct_abc-gpu2-123456",
    token: null,
    admin_peer_id: null,
    peer_list: [],
    peer_metadata: {},
    ice_servers: [],
    mesh_ice_servers: [],
  });
  assert.equal(other.frames.size, 0);
});

Deno.test("a worker registers with a room key, which says the room", async () => {
  await using bed = await SignalingBed.create();
  const { user } = bed.member();
  const options = { name: "gpu1", lifetime: 60 };
  const { token } = bed.accounts.createRoomToken(user, bed.roomId, options);
  await using peer = await RawPeer.open(bed.url);
  const frame = { type: "register", peer_id: "w", role: "worker", api_key: token };
  assert.equal((await peer.ask(frame))["room_id"], bed.roomId);
});

Deno.test("a client registers with a JWT, and its token is echoed", async () => {
  await using bed = await SignalingBed.create();
  const { jwt } = bed.accounts.createJwt(bed.member().user, 60);
  await using peer = await RawPeer.open(`${bed.url}/any/path`);
  const answer = await peer.ask({
    type: "register",
    peer_id: "alice",
    room_id: bed.roomId,
    token: "",
    role: "client",
    jwt,
    metadata: CLIENT_METADATA,
  });
  assert.equal(answer["type"], "registered_auth");
  assert.equal(answer["token"], "");
});

Deno.test("a registration is refused with reason, message and code", async () => {
  await using bed = await SignalingBed.create();
  const { key, user } = bed.member();
  const other = bed.accounts.createRoom();
  const elsewhere = bed.member("bob", other.id).key;
  const revoked = bed.member().key;
  bed.accounts.revoke(revoked);
  const { token } = bed.accounts.createRoomToken(user, bed.roomId, { name: "w", lifetime: -1 });
  const room_id = bed.roomId;
  const cases: [frame: Record<string, unknown>, reason: string][] = [
    [{ room_id }, "No authentication provided. Use api_key or jwt."],
    [{ room_id, api_key: "slp_acct_wrong" }, "Invalid account key"],
    [{ room_id, api_key: "slp_wrong" }, "Invalid API key"],
    [{ room_id, api_key: revoked }, "Account key revoked"],
    [{ room_id, api_key: token }, "Token expired"],
    [{ room_id, jwt: "a.b.c" }, "Invalid token: unknown"],
    [{ api_key: key }, "room_id required for account key auth"],
    [{ room_id: other.id, api_key: key }, "No access to this room"],
    [{ room_id: "nowhere", api_key: key }, "No access to this room"],
    [{ room_id, api_key: elsewhere }, "No access to this room"],
    [{ room_id, api_key: key, role: 7 }, "Missing or wrong field in the registration: role"],
  ];
  for (const [frame, reason] of cases) {
    await using peer = await RawPeer.open(bed.url);
    const answer = await peer.ask({ type: "register", peer_id: "p", ...frame });
    assert.equal(answer["type"], "error");
    assert.equal(answer["reason"], reason);
    assert.equal(answer["message"], reason);
    assert.match(String(answer["code"]), /^[A-Z_]+$/);
    // The socket stays open for another try.
    const again = await peer.ask({ type: "register", peer_id: "p", room_id, api_key: key });
    assert.equal(again["type"], "registered_auth");
  }
});

Deno.test("discovery filters by role, tags and properties, and leaves out oneself", async () => {
  await using bed = await SignalingBed.create();
  await using _small = await worker(bed, "w-small");
  await using _big = await worker(bed, "w-big", {
    metadata: { tags: ["sleap-rtc"], properties: { gpu_memory_mb: 48_000, status: "busy" } },
  });
  await using client = await RawPeer.register(bed, "alice", { metadata: CLIENT_METADATA });
  const ids = async (filters?: Record<string, unknown>) => {
    const list = await client.ask({ type: "discover_peers", from_peer_id: "alice", filters });
    assert.equal(list["type"], "peer_list");
    assert.equal(list["to_peer_id"], "alice");
    const peers = list["peers"] as { peer_id: string; connected_at: number; role: string }[];
    assert.equal(list["count"], peers.length);
    for (const peer of peers) assert.ok(Math.abs(peer.connected_at - Date.now() / 1000) < 60);
    return peers.map(({ peer_id }) => peer_id).sort();
  };
  assert.deepEqual(await ids(), ["w-big", "w-small"]);
  assert.deepEqual(await ids({ role: "client" }), []);
  assert.deepEqual(await ids({ role: "worker", room_id: "ignored" }), ["w-big", "w-small"]);
  assert.deepEqual(await ids({ tags: ["training-worker", "x"] }), ["w-small"]);
  assert.deepEqual(await ids({ tags: ["x"] }), []);
  assert.deepEqual(await ids({ properties: { status: "available" } }), ["w-small"]);
  assert.deepEqual(await ids({ properties: { gpu_memory_mb: { $gte: 20_000 } } }), ["w-big"]);
  assert.deepEqual(await ids({ properties: { gpu_memory_mb: { $lte: 20_000 } } }), ["w-small"]);
  assert.deepEqual(await ids({ properties: { gpu_memory_mb: { $eq: 48_000 } } }), ["w-big"]);
  assert.deepEqual(await ids({ properties: { status: { $gte: 1 } } }), []);
});

Deno.test("an update of the metadata keeps tags and other properties", async () => {
  await using bed = await SignalingBed.create();
  await using peer = await worker(bed, "w");
  const answer = await peer.ask({
    type: "update_metadata",
    peer_id: "w",
    metadata: { properties: { status: "reserved" } },
  });
  const metadata = {
    tags: WORKER_METADATA.tags,
    properties: { ...WORKER_METADATA.properties, status: "reserved" },
  };
  assert.deepEqual(answer, { type: "metadata_updated", peer_id: "w", metadata });
  await using client = await RawPeer.register(bed, "alice");
  const filters = { tags: ["sleap-rtc"], properties: { status: "reserved" } };
  const list = await client.ask({ type: "discover_peers", filters });
  assert.equal(list["count"], 1);
});

Deno.test("a worker that said nothing of itself can read the answer to an update", async () => {
  await using bed = await SignalingBed.create();
  await using peer = await RawPeer.register(bed, "w", { role: "worker" });
  const answer = await peer.ask({ type: "update_metadata", peer_id: "w", metadata: {} });
  assert.deepEqual(answer["metadata"], { properties: {} });
});

Deno.test("offers and answers are relayed with the socket's identity, and without a role", async () => {
  await using bed = await SignalingBed.create();
  await using peer = await worker(bed, "w");
  await using client = await RawPeer.register(bed, "alice");
  client.send({
    type: "offer",
    sender: "mallory",
    target: "w",
    sdp: "v=0 offer",
    role: "client",
    extra: { kept: [1] },
  });
  assert.deepEqual(await peer.frames.next(), {
    type: "offer",
    sender: "alice",
    target: "w",
    sdp: "v=0 offer",
    extra: { kept: [1] },
  });
  peer.send({ type: "answer", sender: "w", target: "alice", sdp: "v=0 answer" });
  assert.deepEqual(await client.frames.next(), {
    type: "answer",
    sender: "w",
    target: "alice",
    sdp: "v=0 answer",
  });
  const candidate = { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 };
  client.send({ type: "candidate", sender: "alice", target: "w", candidate });
  assert.deepEqual((await peer.frames.next())["candidate"], candidate);
  peer.send({ type: "error", target: "alice", reason: "worker_busy", current_status: "busy" });
  assert.deepEqual(await client.frames.next(), {
    type: "error",
    target: "alice",
    reason: "worker_busy",
    current_status: "busy",
    sender: "w",
  });
});

Deno.test("mesh and peer messages reach their peer", async () => {
  await using bed = await SignalingBed.create();
  await using one = await worker(bed, "w1");
  await using two = await worker(bed, "w2");
  const offer = { sdp: "x", type: "offer" };
  one.send({ type: "mesh_connect", from_peer_id: "forged", target_peer_id: "w2", offer });
  assert.deepEqual(await two.frames.next(), { type: "mesh_offer", from_peer_id: "w1", offer });
  const answer = { sdp: "y", type: "answer" };
  two.send({ type: "mesh_answer", from_peer_id: "w2", target_peer_id: "w1", answer });
  assert.deepEqual(await one.frames.next(), { type: "mesh_answer", from_peer_id: "w2", answer });
  const candidate = { candidate: "c", sdpMLineIndex: 0, sdpMid: "0" };
  two.send({ type: "ice_candidate", from_peer_id: "w2", target_peer_id: "w1", candidate });
  assert.deepEqual(await one.frames.next(), {
    type: "ice_candidate",
    from_peer_id: "w2",
    candidate,
  });
  one.send({ type: "peer_message", from_peer_id: "w1", to_peer_id: "w2", payload: { a: 1 } });
  assert.deepEqual(await two.frames.next(), {
    type: "peer_message",
    from_peer_id: "w1",
    to_peer_id: "w2",
    payload: { a: 1 },
  });
});

Deno.test("nothing crosses from one room to another", async () => {
  await using bed = await SignalingBed.create();
  const other = bed.accounts.createRoom();
  await using peer = await worker(bed, "w");
  const stranger = { room_id: other.id, api_key: bed.member("bob", other.id).key };
  await using client = await RawPeer.register(bed, "bob", stranger);
  client.send({ type: "offer", target: "w", sdp: "x" });
  assert.equal((await client.ask({ type: "discover_peers" }))["count"], 0);
  await using same = await RawPeer.register(bed, "w", stranger);
  assert.equal((await same.ask({ type: "discover_peers" }))["count"], 1);
  await peer.ask({ type: "update_metadata", metadata: {} });
  assert.equal(peer.frames.size, 0);
});

Deno.test("a registered worker never gets an error, whatever it sends", async () => {
  await using bed = await SignalingBed.create();
  await using peer = await worker(bed, "w");
  const frames = [
    "no JSON",
    { type: "job_status", job_id: "x" },
    { type: "fs_list_res" },
    { no: "type" },
    { type: "peer_message", to_peer_id: "gone", payload: {} },
    { type: "offer", target: "gone", sdp: "x" },
    { type: "update_metadata", metadata: { text: "x".repeat(40_000) } },
  ];
  for (const frame of frames) peer.send(frame);
  const answer = await peer.ask({ type: "update_metadata", metadata: { properties: { n: 1 } } });
  assert.equal(answer["type"], "metadata_updated");
});

Deno.test("a client gets an error for what is not understood", async () => {
  await using bed = await SignalingBed.create();
  await using client = await RawPeer.register(bed, "alice");
  assert.equal((await client.ask("no JSON"))["code"], "INVALID_JSON");
  assert.equal((await client.ask({ type: "what" }))["code"], "UNKNOWN_MESSAGE_TYPE");
  const message = { type: "peer_message", to_peer_id: "gone", payload: {} };
  assert.equal((await client.ask(message))["code"], "PEER_NOT_FOUND");
});

Deno.test("only workers are pinged", async () => {
  await using bed = await SignalingBed.create({ pingInterval: 20 });
  await using client = await RawPeer.register(bed, "alice");
  await using peer = await worker(bed, "w");
  assert.deepEqual(await peer.frames.take(2), [{ type: "ping" }, { type: "ping" }]);
  assert.equal(client.frames.size, 0);
});

Deno.test("a worker registers again on its socket, and on a new one while the old lives", async () => {
  await using bed = await SignalingBed.create();
  const { key: api_key } = bed.member();
  const first = await worker(bed, "w", { api_key });
  const frame = { type: "register", peer_id: "w", role: "worker", room_id: bed.roomId, api_key };
  assert.equal((await first.ask(frame))["type"], "registered_auth");
  await using second = await worker(bed, "w", { api_key });
  await using client = await RawPeer.register(bed, "alice");
  // The old socket is void, and its end does not take the new one along.
  first.send({ type: "offer", target: "alice", sdp: "old" });
  await first.close();
  client.send({ type: "offer", target: "w", sdp: "x" });
  assert.equal((await second.frames.next())["sdp"], "x");
  assert.equal(client.frames.size, 0);
});

Deno.test("two peers of one name: another member cannot take it, and harms nobody", async () => {
  await using bed = await SignalingBed.create();
  await using first = await worker(bed, "w");
  const thief = await RawPeer.open(bed.url);
  const frame = { type: "register", peer_id: "w", room_id: bed.roomId };
  const taken = await thief.ask({ ...frame, api_key: bed.member("eve").key });
  assert.equal(taken["code"], "PEER_ID_TAKEN");
  assert.equal((await thief.ask({ ...frame, api_key: "slp_acct_no" }))["type"], "error");
  await thief.close();
  await using client = await RawPeer.register(bed, "alice");
  client.send({ type: "offer", target: "w", sdp: "x" });
  assert.equal((await first.frames.next())["sdp"], "x");
});

Deno.test("a peer may change its ID on one socket", async () => {
  await using bed = await SignalingBed.create();
  const { key: api_key } = bed.member();
  await using peer = await RawPeer.register(bed, "old", { api_key });
  const { roomId: room_id } = bed;
  await peer.ask({ type: "register", peer_id: "new", role: "client", room_id, api_key });
  await using client = await RawPeer.register(bed, "alice");
  const list = await client.ask({ type: "discover_peers" });
  assert.deepEqual((list["peers"] as { peer_id: string }[]).map((p) => p.peer_id), ["new"]);
});

Deno.test("a list of peers stays below the 1 MiB that Python peers take", async () => {
  await using bed = await SignalingBed.create();
  const { key: api_key } = bed.member();
  const metadata = { properties: { text: "x".repeat(30_000) } };
  const register = (n: number) => RawPeer.register(bed, `w${n}`, { api_key, metadata });
  const peers = await Promise.all(Array.from({ length: 40 }, (_, n) => register(n)));
  await using client = await RawPeer.register(bed, "alice");
  const list = await client.ask({ type: "discover_peers" });
  assert.ok(JSON.stringify(list).length < 1_000_000);
  assert.equal(list["count"], 29);
  await Promise.all(peers.map((peer) => peer.close()));
});
