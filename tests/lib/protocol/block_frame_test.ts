import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeBlockFrame,
  encodeBlockFrame,
  MAX_PAYLOAD_BYTES,
} from "../../../lib/protocol/block_frame.ts";

Deno.test("frames: what is encoded is decoded", () => {
  fc.assert(fc.property(
    fc.nat(0xffff_ffff),
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    (transfer, payload) => {
      const frame = decodeBlockFrame(encodeBlockFrame({ transfer, payload }));
      assert.equal(frame?.transfer, transfer);
      assert.deepEqual([...frame?.payload ?? []], [...payload]);
    },
  ));
});

Deno.test("encodeBlockFrame() puts the number first, big-endian, into a buffer of its own", () => {
  const payload = new Uint8Array([7, 8]);
  const message = encodeBlockFrame({ transfer: 0x01020304, payload });
  payload.fill(0);
  assert.deepEqual([...message], [1, 2, 3, 4, 7, 8]);
  assert.equal(message.buffer.byteLength, 6);
});

Deno.test("encodeBlockFrame() fills a message of 65,536 bytes and no more", () => {
  const largest = { transfer: 1, payload: new Uint8Array(MAX_PAYLOAD_BYTES) };
  assert.equal(encodeBlockFrame(largest).length, 65_536);
  for (const length of [0, MAX_PAYLOAD_BYTES + 1]) {
    const frame = { transfer: 1, payload: new Uint8Array(length) };
    assert.throws(() => encodeBlockFrame(frame), RangeError);
  }
});

Deno.test("decodeBlockFrame() takes any message for a frame or for none, and never throws", () => {
  for (const message of ["", "FILE_META::x", new Uint8Array(), new Uint8Array(4)]) {
    assert.equal(decodeBlockFrame(message), null);
  }
  assert.equal(decodeBlockFrame(new Uint8Array(65_537)), null);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
    assert.equal(decodeBlockFrame(message) === null, message.length <= 4);
  }));
});

Deno.test("decodeBlockFrame() reads a view that starts in the middle of its buffer", () => {
  const view = new Uint8Array([9, 9, 9, 0, 0, 0, 5, 42]).subarray(3);
  assert.deepEqual(decodeBlockFrame(view), { transfer: 5, payload: new Uint8Array([42]) });
});
