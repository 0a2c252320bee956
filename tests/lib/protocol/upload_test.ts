import assert from "node:assert/strict";
import * as v from "valibot";
import {
  UploadBeginSchema,
  UploadBegunSchema,
  UploadReceivedSchema,
} from "../../../lib/protocol/upload.ts";

const SHA256 = "ab".repeat(32);

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
