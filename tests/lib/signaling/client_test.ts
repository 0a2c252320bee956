import assert from "node:assert/strict";
import { ConflictError, ConnectionError, NotAuthorisedError } from "../../../lib/errors.ts";
import { type IncomingSignal, SignalingClient } from "../../../lib/signaling/client.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RawPeer, SignalingBed } from "../../support/signaling.ts";

const readers = new WeakMap<SignalingClient, AsyncIterator<IncomingSignal>>();

/** The next signal that a test has not read. */
async function next(client: SignalingClient): Promise<IncomingSignal> {
  const reader = readers.get(client) ?? client.messages();
  readers.set(client, reader);
  const { value } = await reader.next();
  return value;
}

Deno.test("two clients find each other and exchange an offer and an answer", async () => {
  await using bed = await SignalingBed.create();
  const metadata = { tags: ["sleap-rtc"], properties: { status: "available" } };
  await using worker = await SignalingClient.connect(
    bed.options("gpu1", { role: "worker", metadata }),
  );
  await using client = await SignalingClient.connect(bed.options("laptop"));
  assert.equal(client.peerId, "laptop");
  assert.deepEqual(await next(worker), {
    type: "peer_joined",
    from: "laptop",
    payload: { role: "client" },
  });
  assert.deepEqual(await client.discover({ role: "worker", tags: ["sleap-rtc"] }), [
    { peerId: "gpu1", role: "worker", metadata },
  ]);
  client.send({ type: "offer", to: "gpu1", payload: { sdp: "v=0", proof: "p" } });
  const offer = { type: "offer", from: "laptop", payload: { sdp: "v=0", proof: "p" } };
  assert.deepEqual(await next(worker), offer);
  worker.send({ type: "answer", to: "laptop", payload: { sdp: "v=1" } });
  assert.deepEqual(await next(client), { type: "answer", from: "gpu1", payload: { sdp: "v=1" } });
  const candidate = { candidate: "c", sdpMid: "0" };
  client.send({ type: "candidate", to: "gpu1", payload: candidate });
  assert.deepEqual(await next(worker), { type: "candidate", from: "laptop", payload: candidate });
  await client.close();
  assert.deepEqual(await next(worker), {
    type: "peer_left",
    from: "laptop",
    payload: { role: "client" },
  });
});

Deno.test("a Python peer and a client understand each other", async () => {
  await using bed = await SignalingBed.create();
  await using python = await RawPeer.register(bed, "w", { role: "worker" });
  await using client = await SignalingClient.connect(bed.options("laptop"));
  client.send({ type: "offer", to: "w", payload: { sdp: "v=0" } });
  assert.deepEqual(await python.frames.next(), {
    type: "offer",
    sender: "laptop",
    target: "w",
    sdp: "v=0",
  });
  python.send({ type: "answer", sender: "w", target: "laptop", sdp: "v=1" });
  assert.deepEqual(await next(client), { type: "answer", from: "w", payload: { sdp: "v=1" } });
  assert.equal(python.frames.size, 0);
});

Deno.test("what is sent to a peer that is not there is told", async () => {
  await using bed = await SignalingBed.create();
  await using client = await SignalingClient.connect(bed.options("laptop"));
  client.send({ type: "offer", to: "gone", payload: { sdp: "v=0" } });
  assert.deepEqual(await next(client), { type: "undeliverable", from: "gone", payload: null });
});

Deno.test("metadata is updated one property at a time", async () => {
  await using bed = await SignalingBed.create();
  const metadata = { tags: ["sleap-rtc"], properties: { status: "available", gpu: "A4000" } };
  await using worker = await SignalingClient.connect(
    bed.options("gpu1", { role: "worker", metadata }),
  );
  await worker.updateMetadata({ properties: { status: "busy" } });
  await using client = await SignalingClient.connect(bed.options("laptop"));
  const [peer] = await client.discover({ properties: { status: "busy", gpu: "A4000" } });
  assert.deepEqual(peer?.metadata["tags"], ["sleap-rtc"]);
});

Deno.test("metadata that is too big is refused, and the connection stays", async () => {
  await using bed = await SignalingBed.create();
  await using worker = await SignalingClient.connect(bed.options("gpu1", { role: "worker" }));
  await assert.rejects(
    worker.updateMetadata({ properties: { text: "x".repeat(40_000) } }),
    /refused a request: Metadata is too big/,
  );
  await worker.updateMetadata({ properties: { status: "busy" } });
  await using client = await SignalingClient.connect(bed.options("laptop"));
  assert.deepEqual((await client.discover())[0]?.metadata["properties"], { status: "busy" });
});

Deno.test("a refused registration says why, exit 4, without the credential", async () => {
  await using bed = await SignalingBed.create();
  const credential = "slp_acct_secret_of_nobody";
  const refused = SignalingClient.connect(bed.options("laptop", { credential }));
  await assert.rejects(refused, (error: Error) => {
    assert.ok(error instanceof NotAuthorisedError);
    assert.equal(error.exitCode, 4);
    assert.match(error.message, /does not let "laptop" into room "[0-9a-f]{8}": Invalid account/);
    assert.match(error.hint ?? "", /sleap-rtc invite/);
    assert.ok(!Deno.inspect(error).includes(credential));
    return true;
  });
  const elsewhere = bed.accounts.createRoom().id;
  const other = SignalingClient.connect(bed.options("laptop", { roomId: elsewhere }));
  await assert.rejects(other, /No access to this room/);
});

Deno.test("a server that cannot be reached: exit 5", async () => {
  await using bed = await SignalingBed.create();
  const options = bed.options("laptop");
  await bed.stop();
  await assert.rejects(SignalingClient.connect(options), (error: Error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.exitCode, 5);
    assert.match(
      error.message,
      /Cannot reach the signaling server http:\/\/127\.0\.0\.1:\d+: conn/,
    );
    return error.hint !== undefined;
  });
});

Deno.test("a server that accepts and stays silent: exit 5 after the time-out", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const { port } = listener.addr;
  await using bed = await SignalingBed.create();
  const options = bed.options("laptop", { server: `http://127.0.0.1:${port}`, timeout: 100 });
  await assert.rejects(SignalingClient.connect(options), /no answer in time/);
  (await accepted).close();
});

Deno.test("a server that does not answer a registration: exit 5 after the time-out", async () => {
  await using silent = new SilentServer();
  await using bed = await SignalingBed.create();
  const options = bed.options("laptop", { server: silent.url, timeout: 100 });
  await assert.rejects(SignalingClient.connect(options), ConnectionError);
});

Deno.test("connecting can be given up", async () => {
  await using silent = new SilentServer();
  await using bed = await SignalingBed.create();
  const stop = new AbortController();
  const options = bed.options("laptop", { server: silent.url, signal: stop.signal });
  const connecting = SignalingClient.connect(options);
  await silent.connected;
  stop.abort();
  await assert.rejects(connecting, ConnectionError);
});

Deno.test("a lost connection ends messages, requests and what is sent after", async () => {
  await using bed = await SignalingBed.create();
  await using client = await SignalingClient.connect(bed.options("laptop"));
  const reading = client.messages().next();
  await bed.stop();
  assert.equal((await client.ended).kind, "lost");
  assert.equal((await reading).done, true);
  await assert.rejects(client.discover(), ConnectionError);
  assert.throws(() => client.send({ type: "candidate", to: "w", payload: {} }), ConnectionError);
});

Deno.test("a server that no longer pings is gone", async () => {
  await using bed = await SignalingBed.create({ pingInterval: 60_000 });
  const client = await SignalingClient.connect(bed.options("laptop", { silence: 50 }));
  assert.deepEqual(await client.ended, { kind: "lost", reason: "it no longer answers" });
});

Deno.test("pings keep a connection", async () => {
  let pings = 0;
  await using server = new SilentServer((socket) => {
    socket.send(
      '{"type":"registered_auth","room_id":"r","peer_id":"laptop","features":["notices"]}',
    );
    const timer = setInterval(() => {
      socket.send('{"type":"ping"}');
      if (++pings < 30) return;
      clearInterval(timer);
      socket.send('{"type":"undeliverable","target":"w"}');
    }, 20);
  });
  await using bed = await SignalingBed.create();
  const options = bed.options("laptop", { server: server.url, silence: 300 });
  await using client = await SignalingClient.connect(options);
  assert.deepEqual(await next(client), { type: "undeliverable", from: "w", payload: null });
});

Deno.test("an answer that comes too late is not taken for the next one", async () => {
  let asked = 0;
  await using server = new SilentServer((socket) => {
    if (asked++ === 0) socket.send('{"type":"registered_auth","room_id":"r","peer_id":"laptop"}');
    if (asked !== 3) return;
    for (const peer_id of ["first", "second"]) {
      socket.send(JSON.stringify({ type: "peer_list", peers: [{ peer_id }] }));
    }
  });
  await using bed = await SignalingBed.create();
  const options = bed.options("laptop", { server: server.url, timeout: 200 });
  await using client = await SignalingClient.connect(options);
  await assert.rejects(client.discover(), /did not send the list of peers/);
  assert.equal((await client.discover())[0]?.peerId, "second");
});

Deno.test("a second connection of one account takes over its peer ID", async () => {
  await using bed = await SignalingBed.create();
  const credential = bed.member().key;
  await using first = await SignalingClient.connect(bed.options("gpu1", { credential }));
  await using second = await SignalingClient.connect(bed.options("gpu1", { credential }));
  assert.equal((await first.ended).kind, "superseded");
  assert.deepEqual(await second.discover(), []);
});

Deno.test("a peer ID of another member: exit 7", async () => {
  await using bed = await SignalingBed.create();
  await using _first = await SignalingClient.connect(bed.options("gpu1"));
  await assert.rejects(SignalingClient.connect(bed.options("gpu1")), (error: Error) => {
    assert.ok(error instanceof ConflictError);
    return /Another member uses this peer ID/.test(error.message);
  });
});

Deno.test("hostile frames of a server are ignored", async () => {
  using _log = new CapturedLog();
  const frames = ["no JSON", "[".repeat(40_000), '{"type":"offer"}', '{"type":7}', "null"];
  const registered = { type: "registered_auth", room_id: "r", peer_id: "laptop" };
  await using server = new SilentServer((socket) => {
    for (const frame of frames) socket.send(frame);
    socket.send(new Uint8Array([1, 2, 3]));
    socket.send(JSON.stringify(registered));
    socket.send('{"type":"answer","sender":"w","sdp":"v=0"}');
  });
  await using bed = await SignalingBed.create();
  await using client = await SignalingClient.connect(
    bed.options("laptop", { server: server.url }),
  );
  assert.deepEqual(await next(client), { type: "answer", from: "w", payload: { sdp: "v=0" } });
});

/** A server that does on a message what it is told, by default nothing. */
class SilentServer implements AsyncDisposable {
  readonly connected: Promise<void>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets: WebSocket[] = [];

  constructor(onMessage: (socket: WebSocket) => void = () => {}) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.connected = promise;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#sockets.push(socket);
      socket.onopen = () => resolve();
      socket.onmessage = () => onMessage(socket);
      return response;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) if (socket.readyState === WebSocket.OPEN) socket.close();
    await this.#server.shutdown();
  }
}
