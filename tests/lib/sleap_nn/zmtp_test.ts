import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeCommand,
  encodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeReady,
} from "../../../lib/sleap_nn/zmtp/codec.ts";
import { bindPub, bindSub } from "../../../lib/sleap_nn/zmtp.ts";
import { Inbox } from "../../support/inbox.ts";
import { ZmtpPeer } from "../../support/zmtp_peer.ts";

const PING = encodeCommand("PING", new Uint8Array([0, 100, 1, 2, 3]));

/** Resolves when everything that was sent before has been dealt with. */
async function settle(peer: ZmtpPeer): Promise<void> {
  await peer.write(PING);
  const pong = decodeCommand((await peer.read()).body);
  assert.equal(pong.name, "PONG");
  assert.deepEqual(pong.data, new Uint8Array([1, 2, 3]));
}

/** A publisher that has seen our subscription to everything. */
async function joinPublisher(port: number): Promise<ZmtpPeer> {
  const peer = await ZmtpPeer.join(port, "PUB");
  const { command, body } = await peer.read();
  assert.equal(command, false);
  assert.deepEqual(body, new Uint8Array([1]));
  return peer;
}

async function joinSubscriber(port: number, ...frames: Uint8Array[]): Promise<ZmtpPeer> {
  const peer = await ZmtpPeer.join(port, "SUB");
  for (const frame of frames) await peer.write(frame);
  await settle(peer);
  return peer;
}

function subscribe(topic: string, first = 1): Uint8Array {
  return encodeFrame(new Uint8Array([first, ...new TextEncoder().encode(topic)]));
}

function subscribeCommand(topic: string, name = "SUBSCRIBE"): Uint8Array {
  return encodeCommand(name, new TextEncoder().encode(topic));
}

Deno.test("bindSub() delivers messages of several publishers, each in order", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  using first = await joinPublisher(sub.port);
  using second = await joinPublisher(sub.port);
  for (let index = 0; index < 50; index++) {
    await first.send(`a${index}`);
    await second.send(`b${index}`);
  }
  const received = await inbox.take(100);
  for (const name of ["a", "b"]) {
    const expected = Array.from({ length: 50 }, (_, index) => `${name}${index}`);
    assert.deepEqual(received.filter((text) => text.startsWith(name)), expected);
  }
  await sub.close();
});

Deno.test("bindSub() lets messages gather and loses none", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push, { gatherMs: 20 });
  using peer = await joinPublisher(sub.port);
  const texts = Array.from({ length: 200 }, (_, index) => `${index} `.repeat(index));
  for (const text of texts) await peer.send(text);
  assert.deepEqual(await inbox.take(texts.length), texts);
  await sub.close();
});

Deno.test("bindSub() waits for no more messages once it is closed", async () => {
  const sub = bindSub(() => {}, { gatherMs: 3_600_000 });
  using peer = await joinPublisher(sub.port);
  await peer.send("nobody reads this");
  await sub.close();
});

Deno.test("bindSub() takes a handshake and messages in single bytes", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  using peer = await ZmtpPeer.connect(sub.port);
  const long = "µ".repeat(300);
  const bytes = [
    ...encodeGreeting(),
    ...encodeReady("PUB"),
    ...encodeFrame(new TextEncoder().encode("short")),
    ...encodeFrame(new TextEncoder().encode(long)),
  ];
  for (const byte of bytes) await peer.write(new Uint8Array([byte]));
  assert.deepEqual(await inbox.take(2), ["short", long]);
  await sub.close();
});

Deno.test("bindSub() serves a publisher that comes back", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  for (const text of ["one", "two", "three"]) {
    using peer = await joinPublisher(sub.port);
    await peer.send(text);
    assert.equal(await inbox.next(), text);
  }
  await sub.close();
});

Deno.test("bindSub() ignores messages of several frames", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  using peer = await joinPublisher(sub.port);
  const topic = encodeFrame(new TextEncoder().encode("topic"));
  topic[0] = 1;
  await peer.write(topic);
  await peer.send("body");
  await peer.send("single");
  assert.equal(await inbox.next(), "single");
  await sub.close();
});

Deno.test("bindSub() takes a message of 1 MiB and drops a peer with a larger one", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const limit = 1024 * 1024;
  using peer = await joinPublisher(sub.port);
  await peer.send("x".repeat(limit));
  assert.equal((await inbox.next()).length, limit);
  await peer.send("x".repeat(limit + 1)).catch(() => {});
  await peer.dropped();
  using other = await joinPublisher(sub.port);
  await other.send("still there");
  assert.equal(await inbox.next(), "still there");
  await sub.close();
});

const hostile: Record<string, Uint8Array[]> = {
  "HTTP": [new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  "a subscriber": [encodeGreeting(), encodeReady("SUB")],
  "a message before READY": [encodeGreeting(), encodeFrame(new Uint8Array([1, 2]))],
  "another command before READY": [encodeGreeting(), PING],
  "a READY cut off": [encodeGreeting(), encodeCommand("READY", new Uint8Array([9, 9]))],
  "reserved flags": [encodeGreeting(), encodeReady("PUB"), new Uint8Array([0xff, 0])],
  "an empty command": [encodeGreeting(), encodeReady("PUB"), new Uint8Array([4, 0])],
};
for (const [name, writes] of Object.entries(hostile)) {
  Deno.test(`bindSub() drops a peer that sends ${name}, and stays`, async () => {
    const inbox = new Inbox<string>();
    const sub = bindSub(inbox.push);
    using peer = await ZmtpPeer.connect(sub.port);
    for (const bytes of writes) await peer.write(bytes).catch(() => {});
    await peer.dropped();
    using good = await joinPublisher(sub.port);
    await good.send("hello");
    assert.equal(await inbox.next(), "hello");
    await sub.close();
  });
}

Deno.test("bindSub() survives random bytes after any part of the handshake", async () => {
  const inbox = new Inbox<string>();
  const sub = bindSub(inbox.push);
  const prefix = new Uint8Array([...encodeGreeting(), ...encodeReady("PUB")]);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: prefix.length }),
      fc.uint8Array({ maxLength: 200 }),
      async (kept, garbage) => {
        using peer = await ZmtpPeer.connect(sub.port);
        await peer.write(prefix.subarray(0, kept)).catch(() => {});
        await peer.write(garbage).catch(() => {});
      },
    ),
    { numRuns: 200 },
  );
  using good = await joinPublisher(sub.port);
  await good.send("at the end");
  while (await inbox.next() !== "at the end");
  await sub.close();
});

Deno.test("bindSub() drops a peer that never ends its greeting", async () => {
  const sub = bindSub(() => {}, { handshakeMs: 20 });
  using silent = await ZmtpPeer.connect(sub.port);
  using slow = await ZmtpPeer.connect(sub.port);
  await slow.write(encodeGreeting().subarray(0, 40));
  await Promise.all([silent.dropped(), slow.dropped()]);
  await sub.close();
});

Deno.test("bindSub() refuses more connections than it can serve", async () => {
  const sub = bindSub(() => {});
  using peers = new DisposableStack();
  for (let count = 0; count < 32; count++) peers.use(await joinPublisher(sub.port));
  using refused = await ZmtpPeer.connect(sub.port);
  await refused.dropped();
  await sub.close();
});

Deno.test("close() ends peers in every state, and twice is once", async () => {
  const sub = bindSub(() => {});
  const pub = bindPub();
  using silent = await ZmtpPeer.connect(sub.port);
  using joined = await joinPublisher(sub.port);
  using subscriber = await joinSubscriber(pub.port, subscribe(""));
  await Promise.all([sub.close(), pub.close(), sub.close()]);
  await Promise.all([silent.dropped(), joined.dropped(), subscriber.dropped()]);
  assert.equal(pub.send("nobody"), 0);
  await assert.rejects(ZmtpPeer.connect(sub.port), Deno.errors.ConnectionRefused);
});

Deno.test("bindPub() sends what was subscribed to, as message or as command", async () => {
  const pub = bindPub();
  using all = await joinSubscriber(pub.port, subscribe(""));
  using some = await joinSubscriber(pub.port, subscribeCommand("a"), subscribeCommand("b"));
  using none = await joinSubscriber(pub.port);
  assert.equal(pub.send("alpha"), 2);
  assert.equal(pub.send("gamma"), 1);
  assert.equal(pub.send("beta"), 2);
  for (const text of ["alpha", "gamma", "beta"]) assert.equal(await all.readText(), text);
  for (const text of ["alpha", "beta"]) assert.equal(await some.readText(), text);
  await settle(none);
  await pub.close();
});

Deno.test("bindPub() ends a subscription that was cancelled as often as it was made", async () => {
  const pub = bindPub();
  using message = await joinSubscriber(pub.port, subscribe("a"), subscribe("a"), subscribe("a", 0));
  assert.equal(pub.send("a1"), 1);
  assert.equal(await message.readText(), "a1");
  await message.write(subscribe("a", 0));
  await settle(message);
  assert.equal(pub.send("a2"), 0);
  using command = await joinSubscriber(pub.port, subscribeCommand("a"));
  assert.equal(pub.send("a3"), 1);
  assert.equal(await command.readText(), "a3");
  await command.write(subscribeCommand("a", "CANCEL"));
  await settle(command);
  assert.equal(pub.send("a4"), 0);
  await pub.close();
});

Deno.test("bindPub() forgets a subscriber that is gone", async () => {
  const pub = bindPub();
  {
    using peer = await joinSubscriber(pub.port, subscribe(""));
    assert.equal(pub.send("here"), 1);
    await peer.read();
    await peer.write(new Uint8Array([0xff]));
    await peer.dropped();
  }
  assert.equal(pub.send("gone"), 0);
  await pub.close();
});

Deno.test("bindPub() never waits for a subscriber that does not read", async () => {
  const pub = bindPub();
  using stalled = await joinSubscriber(pub.port, subscribe(""));
  using other = await joinSubscriber(pub.port, subscribe("x"));
  const text = "y".repeat(256 * 1024);
  let sent = 0;
  while (pub.send(text) === 1) sent++;
  assert.ok(sent > 0 && sent < 1000, `${sent} messages were queued`);
  assert.equal(pub.send("x"), 1);
  assert.equal(await other.readText(), "x");
  await pub.close();
  await stalled.dropped();
});

Deno.test("bindPub() drops a peer with an oversized subscription", async () => {
  const pub = bindPub();
  using peer = await ZmtpPeer.join(pub.port, "SUB");
  await peer.write(subscribe("z".repeat(5000))).catch(() => {});
  await peer.dropped();
  await pub.close();
});
