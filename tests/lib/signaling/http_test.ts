import assert from "node:assert/strict";
import { RawPeer, SignalingBed } from "../../support/signaling.ts";

Deno.test("joining by code: once an account, then the same account", async () => {
  await using bed = await SignalingBed.create();
  const { code } = bed.accounts.createInvite(bed.roomId, { uses: 1 });
  const body = { invite_code: code, name: "laptop" };
  const joined = await bed.request("POST", "/api/auth/rooms/join", { body });
  assert.equal(joined.status, 200);
  assert.equal(joined.body["room_id"], bed.roomId);
  const key = String(joined.body["account_key"]);
  const used = await bed.request("POST", "/api/auth/rooms/join", { body });
  assert.equal(used.status, 403);
  assert.equal(used.body["error"], "Invalid or expired invite code");
  assert.equal(used.body["detail"], used.body["error"]);
  const room = bed.accounts.createRoom();
  const second = { invite_code: bed.accounts.createInvite(room.id).code };
  const again = await bed.request("POST", "/api/auth/rooms/join", { body: second, key });
  assert.equal(again.body["account_key"], undefined);
  const rooms = await bed.request("GET", "/api/auth/rooms", { key });
  assert.deepEqual(
    (rooms.body["rooms"] as { room_id: string }[]).map((each) => each.room_id),
    [bed.roomId, room.id],
  );
});

Deno.test("only members invite, and only with an account", async () => {
  await using bed = await SignalingBed.create();
  const { key, user } = bed.member();
  const path = `/api/auth/rooms/${bed.roomId}/invite`;
  const invited = await bed.request("POST", path, { key, body: { uses: 3 } });
  assert.equal(invited.status, 200);
  assert.deepEqual([invited.body["uses"], invited.body["expires_in_seconds"]], [3, 86_400]);
  assert.ok(bed.accounts.redeemInvite(String(invited.body["invite_code"]), "bob"));
  assert.equal((await bed.request("POST", path, {})).status, 401);
  assert.equal((await bed.request("POST", path, { key: "slp_acct_no" })).status, 401);
  const stranger = bed.member("eve", bed.accounts.createRoom().id).key;
  assert.equal((await bed.request("POST", path, { key: stranger })).status, 403);
  const nowhere = await bed.request("POST", "/api/auth/rooms/nowhere/invite", { key });
  assert.equal(nowhere.status, 403);
  const { token } = bed.accounts.createRoomToken(user, bed.roomId, { name: "w", lifetime: 60 });
  assert.equal((await bed.request("POST", path, { key: token })).status, 401);
});

Deno.test("bodies are bounded and checked, and not repeated", async () => {
  await using bed = await SignalingBed.create();
  const { key } = bed.member();
  const path = `/api/auth/rooms/${bed.roomId}/invite`;
  const bodies: [body: unknown, status: number][] = [
    [{ uses: 0 }, 400],
    [{ uses: "secret_text" }, 400],
    [{ expires_in_seconds: 1e9 }, 400],
    ["text", 400],
    [{ text: "x".repeat(20_000) }, 413],
  ];
  for (const [body, status] of bodies) {
    const answer = await bed.request("POST", path, { key, body });
    assert.equal(answer.status, status);
    assert.ok(!JSON.stringify(answer.body).includes("secret_text"));
  }
  const response = await fetch(`${bed.url}/api/auth/rooms/join`, { method: "POST", body: "{" });
  assert.equal(response.status, 400);
  await response.body?.cancel();
});

Deno.test("a member makes a room of their own, with a JWT too", async () => {
  await using bed = await SignalingBed.create();
  const made = await bed.request("POST", "/api/auth/jwt", { key: bed.member().key });
  const key = String(made.body["jwt"]);
  assert.deepEqual((made.body["user"] as { username: string }).username, "alice");
  const room = await bed.request("POST", "/api/auth/rooms", {
    key,
    body: { name: "night shift", expires_in_days: 1 },
  });
  assert.equal(room.body["name"], "night shift");
  await using peer = await RawPeer.open(bed.url);
  const frame = { type: "register", peer_id: "p", room_id: room.body["room_id"], jwt: key };
  assert.equal((await peer.ask(frame))["type"], "registered_auth");
});

Deno.test("a Python worker asks with its own key whose signatures it may accept", async () => {
  await using bed = await SignalingBed.create();
  const { key, user } = bed.member();
  const posted = await bed.request("POST", "/api/auth/public-keys", {
    key,
    body: { public_key: "k".repeat(43), device_name: "cli" },
  });
  assert.equal(posted.status, 200);
  const { body } = await bed.request("POST", "/api/auth/token", {
    key,
    body: { room_id: bed.roomId, worker_name: "gpu1", expires_days: 30 },
  });
  const token = String(body["token_id"]);
  const path = `/api/rooms/${bed.roomId}/authorized-keys`;
  const keys = await bed.request("GET", path, { key: token });
  assert.deepEqual(keys.body["authorized_keys"], [{
    user_id: user.id,
    username: "alice",
    key_id: posted.body["key_id"],
    public_key: "k".repeat(43),
    device_name: "cli",
  }]);
  const other = bed.accounts.createRoom().id;
  assert.equal(
    (await bed.request("GET", `/api/rooms/${other}/authorized-keys`, { key: token })).status,
    403,
  );
});

Deno.test("the workers of a room are listed to its members", async () => {
  await using bed = await SignalingBed.create();
  const metadata = { properties: { status: "available" } };
  await using _worker = await RawPeer.register(bed, "w", { role: "worker", metadata });
  const { body } = await bed.request("GET", `/api/rooms/${bed.roomId}/workers`, {
    key: bed.member().key,
  });
  const [worker] = body["workers"] as Record<string, unknown>[];
  assert.equal(worker?.["peer_id"], "w");
  assert.deepEqual(worker?.["properties"], { status: "available" });
});

Deno.test("leaving by HTTP, as Python peers do without a credential, harms nobody", async () => {
  await using bed = await SignalingBed.create();
  await using worker = await RawPeer.register(bed, "w", { role: "worker" });
  for (const path of ["/delete-peer", "/delete-peers-and-room"]) {
    const answer = await bed.request("POST", path, { body: { peer_id: "w" } });
    assert.deepEqual([answer.status, answer.body], [200, { status: "ok" }]);
  }
  const answer = await worker.ask({ type: "update_metadata", metadata: {} });
  assert.equal(answer["type"], "metadata_updated");
});

Deno.test("a join link in a browser shows what to do, and neither runs nor remembers anything", async () => {
  await using bed = await SignalingBed.create();
  const { status, body, headers } = await bed.request("GET", "/join/some-code");
  assert.equal(status, 200);
  assert.match(String(body["text"]), /sleap-rtc join/);
  assert.doesNotMatch(String(body["text"]), /<script|some-code/);
  assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.equal(headers.get("referrer-policy"), "no-referrer");
  assert.equal(headers.get("cache-control"), "no-store");
});

Deno.test("what does not exist: 404; an odd handshake: 400", async () => {
  await using bed = await SignalingBed.create();
  assert.equal((await bed.request("GET", "/api/nothing")).status, 404);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: bed.server.port });
  const request = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(100);
  const read = await connection.read(buffer) ?? 0;
  assert.match(new TextDecoder().decode(buffer.subarray(0, read)), /^HTTP\/1\.1 400 /);
});

Deno.test("a key that revokes itself is worthless at once, and its peers are put out", async () => {
  await using bed = await SignalingBed.create();
  const { key } = bed.member();
  const peer = await RawPeer.register(bed, "w", { role: "worker", api_key: key });
  const revoked = await bed.request("DELETE", "/api/auth/key", { key });
  assert.deepEqual(revoked.body, { status: "revoked" });
  assert.equal(await peer.closed, 1008);
  assert.equal((await bed.request("GET", "/api/auth/rooms", { key })).status, 401);
});
