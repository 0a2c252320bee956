/** What werift's DTLS leaves open (lib/rtc/transport/dtls.ts). */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { DtlsSocket } from "werift";
import { guardHandshake, sendCloseNotify } from "../../../../lib/rtc/transport/dtls.ts";
import { connectTransports } from "../../../support/rtc.ts";

type Handshakes = Parameters<DtlsSocket["onHandleHandshakes"]>[0];

const CLIENT_HELLO = 1;
const SERVER_KEY_EXCHANGE = 12;
const FINISHED = 20;

/** A socket that notes what gets through to it. */
function guardedSocket() {
  const passed: string[] = [];
  const socket = {
    connected: false,
    onHandleHandshakes: (handshakes: Handshakes) => {
      passed.push(...handshakes.map(({ fragment }) => fragment.toString()));
      return Promise.resolve();
    },
  };
  guardHandshake(socket);
  const receive = (msg_type: number, text: string) =>
    socket.onHandleHandshakes([{ msg_type, fragment: Buffer.from(text) }] as Handshakes);
  return { socket, passed, receive };
}

Deno.test("guardHandshake() lets one version of a message through, and its repetitions", async () => {
  const { passed, receive } = guardedSocket();
  await receive(SERVER_KEY_EXCHANGE, "key");
  await receive(SERVER_KEY_EXCHANGE, "other key");
  await receive(SERVER_KEY_EXCHANGE, "key");
  assert.deepEqual(passed, ["key", "key"]);
});

Deno.test("guardHandshake() lets a ClientHello through without and with the cookie", async () => {
  const { passed, receive } = guardedSocket();
  for (const text of ["hello", "hello, cookie", "hello, other cookie"]) {
    await receive(CLIENT_HELLO, text);
  }
  assert.deepEqual(passed, ["hello", "hello, cookie"]);
});

Deno.test("guardHandshake() lets nothing but Finished through to a connected socket", async () => {
  const { socket, passed, receive } = guardedSocket();
  await receive(CLIENT_HELLO, "hello");
  await receive(FINISHED, "finished");
  socket.connected = true;
  await receive(CLIENT_HELLO, "hello");
  await receive(SERVER_KEY_EXCHANGE, "key");
  await receive(FINISHED, "finished");
  assert.deepEqual(passed, ["hello", "finished", "finished"]);
});

Deno.test("a ClientHello in plain text does not change the keys of a connection", async () => {
  await using pair = await connectTransports();
  // the offerer is the DTLS server
  const server = await pair.client.transport.secured;
  const before = server.exportKeyingMaterial("test", 32);
  const { onData } = server.transport.socket;
  assert.ok(onData);
  onData(plainClientHello(), ["127.0.0.1", 1]);
  await pair.client.control.send("still here");
  assert.equal((await pair.worker.control.next()).value, "still here");
  await pair.worker.control.send("so am I");
  assert.equal((await pair.client.control.next()).value, "so am I");
  assert.deepEqual(server.exportKeyingMaterial("test", 32), before);
});

Deno.test("packets of strangers do not end a connection", async () => {
  await using pair = await connectTransports();
  const { onData } = (await pair.client.transport.secured).transport.socket;
  assert.ok(onData);
  const alert = Buffer.from("15fefd000000000000000100020100", "hex");
  const forged = Buffer.from(alert);
  forged.writeUInt16BE(1, 3); // the epoch of encrypted records
  for (const packet of [alert, forged, plainClientHello()]) onData(packet, ["127.0.0.1", 1]);
  for (let n = 0; n < 3_000; n++) {
    const noise = crypto.getRandomValues(Buffer.alloc(1 + n % 100));
    if (n % 2 === 0) noise.writeUInt8(20 + n % 8, 0);
    if (n % 4 === 0 && noise.length > 13) noise.writeUInt16BE(noise.length - 13, 11);
    onData(noise, ["127.0.0.1", 1]);
  }
  await pair.worker.control.send("still here");
  assert.equal((await pair.client.control.next()).value, "still here");
});

Deno.test("a peer notices the DTLS goodbye of the other at once", async () => {
  await using pair = await connectTransports();
  await sendCloseNotify(await pair.client.transport.secured);
  assert.match(await pair.worker.transport.lost, /the peer closed/);
});

/** One DTLS record of epoch 0 with a ClientHello that has neither cookie nor extensions. */
function plainClientHello(): Buffer {
  const body = Buffer.concat([
    Buffer.from("fefd", "hex"),
    Buffer.alloc(32, 1),
    Buffer.from("0000", "hex"), // session ID, cookie
    Buffer.from("0002c02b", "hex"), // one cipher suite
    Buffer.from("0100", "hex"), // no compression
    Buffer.from("0000", "hex"), // no extensions
  ]);
  const length = body.length.toString(16).padStart(6, "0");
  const handshake = Buffer.concat([Buffer.from(`01${length}0000000000${length}`, "hex"), body]);
  const header = Buffer.alloc(13);
  header.writeUInt8(22, 0);
  header.writeUInt16BE(0xfefd, 1);
  header.writeUInt16BE(handshake.length, 11);
  return Buffer.concat([header, handshake]);
}
