import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeLink,
  encodeLink,
  isKeepAlive,
  keepAlive,
  type LinkMessage,
  PROOF_BYTES,
} from "../../../lib/protocol/peer_link.ts";

const bytes = fc.uint8Array({ minLength: PROOF_BYTES, maxLength: PROOF_BYTES });
const message: fc.Arbitrary<LinkMessage> = fc.oneof(
  fc.record({ type: fc.constant("nonce" as const), nonce: bytes }),
  fc.record({ type: fc.constant("proof" as const), mac: bytes }),
  fc.record({ type: fc.constant("refused" as const) }),
  fc.record({ type: fc.constant("goodbye" as const), reason: fc.string({ maxLength: 200 }) }),
);

Deno.test("decodeLink() reads back what encodeLink() wrote", () => {
  fc.assert(fc.property(message, (message) => {
    assert.deepEqual(decodeLink(encodeLink(message)), { ...message });
  }));
});

Deno.test("decodeLink() never throws, and reads only what encodeLink() writes", () => {
  const prefix = fc.constantFrom("PROOF_NONCE::", "PROOF::", "PROOF_REFUSED", "GOODBYE::", "");
  const base64 = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);
  const text = fc.tuple(prefix, fc.oneof(fc.string({ unit: "binary" }), base64))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (text) => {
      const message = decodeLink(text);
      if (message !== null) assert.equal(encodeLink(message), text);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("the heartbeat is the ten bytes of the Python program", () => {
  assert.equal(new TextDecoder().decode(keepAlive()), "KEEP_ALIVE");
  assert.ok(isKeepAlive(keepAlive()));
  assert.ok(!isKeepAlive(new Uint8Array(10)));
  assert.ok(!isKeepAlive(new Uint8Array([...keepAlive(), 0])));
});
