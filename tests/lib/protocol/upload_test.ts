import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import {
  decodeUploadFrame,
  encodeUploadFrame,
  MAX_PAYLOAD_BYTES,
  UploadBeginSchema,
  UploadBegunSchema,
  UploadReceivedSchema,
} from "../../../lib/protocol/upload.ts";

const SHA256 = "ab".repeat(32);

Deno.test("frames: what is encoded is decoded", () => {
  fc.assert(fc.property(
    fc.nat(0xffff_ffff),
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    (upload, payload) => {
      const frame = decodeUploadFrame(encodeUploadFrame({ upload, payload }));
      assert.equal(frame?.upload, upload);
      assert.deepEqual([...frame?.payload ?? []], [...payload]);
    },
  ));
});

Deno.test("encodeUploadFrame() puts the number first, big-endian, into a buffer of its own", () => {
  const payload = new Uint8Array([7, 8]);
  const message = encodeUploadFrame({ upload: 0x01020304, payload });
  payload.fill(0);
  assert.deepEqual([...message], [1, 2, 3, 4, 7, 8]);
  assert.equal(message.buffer.byteLength, 6);
});

Deno.test("encodeUploadFrame() fills a message of 65,536 bytes and no more", () => {
  const largest = { upload: 1, payload: new Uint8Array(MAX_PAYLOAD_BYTES) };
  assert.equal(encodeUploadFrame(largest).length, 65_536);
  for (const length of [0, MAX_PAYLOAD_BYTES + 1]) {
    const frame = { upload: 1, payload: new Uint8Array(length) };
    assert.throws(() => encodeUploadFrame(frame), RangeError);
  }
});

Deno.test("decodeUploadFrame() takes any message for a frame or for none, and never throws", () => {
  for (const message of ["", "FILE_META::x", new Uint8Array(), new Uint8Array(4)]) {
    assert.equal(decodeUploadFrame(message), null);
  }
  assert.equal(decodeUploadFrame(new Uint8Array(65_537)), null);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
    assert.equal(decodeUploadFrame(message) === null, message.length <= 4);
  }));
});

Deno.test("decodeUploadFrame() reads a view that starts in the middle of its buffer", () => {
  const view = new Uint8Array([9, 9, 9, 0, 0, 0, 5, 42]).subarray(3);
  assert.deepEqual(decodeUploadFrame(view), { upload: 5, payload: new Uint8Array([42]) });
});

Deno.test("messages with wrong types, signs or sizes are none", () => {
  const begin = { sha256: SHA256, name: "mice.slp", bytes: 12 };
  assert.ok(v.is(UploadBeginSchema, begin));
  const wrong = [
    null,
    [],
    { ...begin, sha256: SHA256.toUpperCase() },
    { ...begin, sha256: `../${SHA256.slice(3)}` },
    { ...begin, bytes: -1 },
    { ...begin, bytes: 2 ** 60 },
    { ...begin, bytes: "12" },
    { ...begin, name: 12 },
    { ...begin, name: "a".repeat(5_000) },
  ];
  for (const message of wrong) {
    assert.ok(!v.is(UploadBeginSchema, message), JSON.stringify(message));
  }
  for (const window of [0, 65_535, 1e9, 70_000.5]) {
    assert.ok(!v.is(UploadBegunSchema, { upload: 1, window }), String(window));
  }
  assert.ok(!v.is(UploadReceivedSchema, { upload: 2 ** 32, bytes: 0 }));
});
