import assert from "node:assert/strict";
import { ConflictError, ConnectionError, EXIT, NotFoundError } from "../../../lib/errors.ts";
import type { RTCDataChannel } from "werift";
import { Channel, type ChannelMessage } from "../../../lib/rtc/channel.ts";
import { type RpcHandler, RpcPeer } from "../../../lib/rtc/rpc_peer.ts";
import { Inbox } from "../../support/inbox.ts";
import { connectPair, type Pair } from "../../support/rtc.ts";

/** Two connected sides, one of which answers. */
async function conversation(handlers: Record<string, RpcHandler>) {
  const pair: Pair = await connectPair();
  const other = new Inbox<ChannelMessage>();
  const server = new RpcPeer(pair.worker.control, {
    peerId: "client",
    handlers,
    onOther: other.push,
  });
  const client = new RpcPeer(pair.client.control, { peerId: "worker", timeoutMs: 5_000 });
  return { pair, other, server, client, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
}

Deno.test("calls are answered, in whatever order", async () => {
  const first = Promise.withResolvers<string>();
  await using talk = await conversation({
    wait: () => first.promise,
    add: (params) => (params as number[]).reduce((sum, number) => sum + number),
    nothing: () => {},
  });
  const waiting = talk.client.call("wait");
  assert.equal(await talk.client.call("add", [1, 2, 3]), 6);
  assert.equal(await talk.client.call("nothing"), null);
  first.resolve("done");
  assert.equal(await waiting, "done");
});

Deno.test("an error crosses the wire with its class, hint and exit code", async () => {
  await using talk = await conversation({
    find: () => {
      throw new NotFoundError('No model "x"', { hint: "sleap-rtc list-models" });
    },
    take: () => Promise.reject(new ConflictError("taken")),
  });
  const error = await talk.client.call("find").catch((error) => error);
  assert.ok(error instanceof NotFoundError);
  assert.equal(error.message, 'Peer "worker": No model "x"');
  assert.equal(error.hint, "sleap-rtc list-models");
  assert.equal(error.exitCode, EXIT.notFound);
  await assert.rejects(talk.client.call("take"), ConflictError);
});

Deno.test("a fault of the program tells nothing about itself", async () => {
  await using talk = await conversation({
    break: () => {
      throw new TypeError("secret of the house");
    },
  });
  await assert.rejects(talk.client.call("break"), { message: 'Peer "worker": Internal error' });
});

Deno.test("methods that nobody answers, names of Object included, are refused", async () => {
  await using talk = await conversation({});
  for (const method of ["nothing", "constructor", "toString"]) {
    await assert.rejects(talk.client.call(method), /There is no method/);
  }
});

Deno.test("an answer that is too large becomes an error, and so does a request", async () => {
  await using talk = await conversation({ much: () => "é".repeat(40_000), echo: (text) => text });
  await assert.rejects(talk.client.call("much"), /larger than 64 KiB/);
  await assert.rejects(talk.client.call("echo", "é".repeat(40_000)), /larger than 64 KiB/);
  assert.equal(await talk.client.call("echo", "small"), "small");
});

Deno.test("a call that is not answered in time fails, and the late answer is dropped", async () => {
  const late = Promise.withResolvers<string>();
  await using talk = await conversation({ wait: () => late.promise, ping: () => "pong" });
  await assert.rejects(talk.client.call("wait", null, { timeoutMs: 20 }), ConnectionError);
  late.resolve("late");
  assert.equal(await talk.client.call("ping"), "pong");
});

Deno.test("calls under way fail when the connection ends, and later ones too", async () => {
  await using talk = await conversation({ wait: () => new Promise(() => {}) });
  const failed = assert.rejects(talk.client.call("wait"), ConnectionError);
  await talk.pair.worker.close();
  await failed;
  await assert.rejects(talk.client.call("wait"), ConnectionError);
});

Deno.test("calls that wait for room fail when the connection ends", async () => {
  await using pair = await connectPair({ timings: { goodbye: 0 } });
  const client = new RpcPeer(pair.client.control, { peerId: "worker" });
  const calls = Array.from({ length: 20 }, () => client.call("store", "x".repeat(60_000)));
  const settled = Promise.allSettled(calls);
  await pair.client.close();
  for (const { status } of await settled) assert.equal(status, "rejected");
});

Deno.test("notifications arrive, other messages are passed on, broken ones dropped", async () => {
  const told = new Inbox<unknown>();
  await using talk = await conversation({ tell: told.push });
  await talk.client.notify("tell", { epoch: 3 });
  await talk.client.notify("unknown");
  for (const text of ["RPC::{", 'RPC::{"id":7,"result":1}', "JOB_STOP"]) {
    await talk.pair.client.control.send(text);
  }
  await talk.pair.client.control.send(Uint8Array.of(1));
  assert.deepEqual(await told.next(), { epoch: 3 });
  assert.deepEqual((await talk.other.take(2)).map(String), ["JOB_STOP", "1"]);
});

Deno.test("a peer that asks too much at once is told so", async () => {
  const gate = Promise.withResolvers<string>();
  await using talk = await conversation({ wait: () => gate.promise });
  const calls = Array.from({ length: 70 }, () => talk.client.call("wait"));
  await assert.rejects(calls[69] ?? Promise.resolve(), /Too many requests/);
  gate.resolve("open");
  const results = await Promise.allSettled(calls);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 64);
});

Deno.test("a peer that takes no answers is not read any more, and cut off", async () => {
  const sent: string[] = [];
  let receive = (_data: string) => {};
  const raw = {
    bufferedAmount: 1_000_000,
    bufferedAmountLow: { subscribe: () => {} },
    onMessage: { subscribe: (take: typeof receive) => receive = take },
    send: (text: string) => sent.push(text),
  } as unknown as RTCDataChannel;
  const cutOff = Promise.withResolvers<void>();
  const channel = new Channel(raw, 100_000, () => cutOff.resolve());
  new RpcPeer(channel, { peerId: "client", handlers: { much: () => "x".repeat(10_000) } });
  for (let id = 0; id < 5_000; id++) {
    receive(`RPC::{"id":${id},"method":"${id % 2 === 0 ? "much" : "none"}"}`);
    if (id % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  await cutOff.promise;
  assert.ok(sent.length < 250, `${sent.length} answers wait`);
  channel.end("cut off");
});
