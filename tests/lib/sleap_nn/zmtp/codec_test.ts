import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ByteReader,
  decodeCommand,
  encodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeReady,
  readFrame,
  readGreeting,
  socketTypeOf,
  ZmtpError,
} from "../../../../lib/sleap_nn/zmtp/codec.ts";

/** A stream whose packets are the given pieces. */
function readerOf(...pieces: Uint8Array[]): ByteReader {
  const waiting = [...pieces];
  return new ByteReader({
    read(buffer) {
      const piece = waiting.shift();
      if (piece !== undefined) buffer.set(piece);
      return Promise.resolve(piece === undefined ? null : piece.length);
    },
  });
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

Deno.test("encodeFrame() and readFrame() round-trip, however the packets are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.uint8Array({ maxLength: 700 }),
    fc.boolean(),
    fc.integer({ min: 1, max: 800 }),
    async (body, command, size) => {
      const frame = await readFrame(readerOf(...cut(encodeFrame(body, { command }), size)), 1000);
      assert.deepEqual(frame, { body, command, more: false });
    },
  ));
});

Deno.test("encodeFrame() writes the short and the long form", () => {
  assert.deepEqual(encodeFrame(new Uint8Array([1])), new Uint8Array([0, 1, 1]));
  const long = encodeFrame(new Uint8Array(256));
  assert.deepEqual(long.subarray(0, 9), new Uint8Array([2, 0, 0, 0, 0, 0, 0, 1, 0]));
});

Deno.test("readFrame() refuses reserved flags, too large and torn frames", async () => {
  await assert.rejects(readFrame(readerOf(new Uint8Array([8, 0])), 10), ZmtpError);
  await assert.rejects(readFrame(readerOf(new Uint8Array([0, 11])), 10), /limit is 10/);
  const huge = new Uint8Array([2, 255, 255, 255, 255, 255, 255, 255, 255]);
  await assert.rejects(readFrame(readerOf(huge), 10), /18446744073709551615 bytes/);
  await assert.rejects(readFrame(readerOf(new Uint8Array([0, 3, 1])), 10), ZmtpError);
});

Deno.test("readGreeting() takes our own greeting, byte by byte", async () => {
  assert.equal(encodeGreeting().length, 64);
  await readGreeting(readerOf(...cut(encodeGreeting(), 1)));
});

Deno.test("readGreeting() refuses other protocols, versions and mechanisms", async () => {
  const http = new TextEncoder().encode("GET / HTTP/1.1\r\n");
  await assert.rejects(readGreeting(readerOf(http)), /does not speak ZMTP/);
  const old = encodeGreeting();
  old[10] = 1;
  await assert.rejects(readGreeting(readerOf(old)), /ZMTP 1/);
  const plain = encodeGreeting();
  plain.set(new TextEncoder().encode("PLAIN"), 12);
  await assert.rejects(readGreeting(readerOf(plain)), /"PLAIN"/);
});

Deno.test("encodeReady() is read back by socketTypeOf()", async () => {
  const frame = await readFrame(readerOf(encodeReady("PUB")), 100);
  const command = decodeCommand(frame.body);
  assert.equal(frame.command, true);
  assert.equal(command.name, "READY");
  assert.equal(socketTypeOf(command.data), "PUB");
});

Deno.test("socketTypeOf() skips other properties and takes any case", () => {
  const text = new TextEncoder();
  const identity = [8, ...text.encode("Identity"), 0, 0, 0, 0];
  const type = [11, ...text.encode("sOCKET-tYPE"), 0, 0, 0, 3, ...text.encode("pub")];
  assert.equal(socketTypeOf(new Uint8Array([...identity, ...type])), "PUB");
  assert.equal(socketTypeOf(new Uint8Array(identity)), null);
});

Deno.test("decodeCommand() and socketTypeOf() throw nothing but ZmtpError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    const copy = new Uint8Array(bytes);
    for (const decode of [decodeCommand, socketTypeOf]) {
      try {
        decode(copy);
      } catch (error) {
        assert.ok(error instanceof ZmtpError, String(error));
      }
    }
  }));
});

Deno.test("encodeCommand() writes the name with its length", () => {
  const command = encodeCommand("PONG", new Uint8Array([7]));
  assert.deepEqual(command, new Uint8Array([4, 6, 4, 80, 79, 78, 71, 7]));
});
