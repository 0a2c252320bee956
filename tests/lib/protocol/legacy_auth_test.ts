import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeLegacyAuth,
  encodeLegacyAuth,
  type LegacyAuthMessage,
} from "../../../lib/protocol/legacy_auth.ts";

const text = fc.string({ maxLength: 512 });
const message: fc.Arbitrary<LegacyAuthMessage> = fc.oneof(
  fc.record({ type: fc.constant("challenge" as const), nonce: text }),
  fc.record({ type: fc.constant("response" as const), proof: text }),
  fc.record({ type: fc.constant("success" as const) }),
  fc.record({ type: fc.constant("failure" as const), reason: text }),
);

Deno.test("decodeLegacyAuth() reads back what encodeLegacyAuth() wrote", () => {
  fc.assert(fc.property(message, (message) => {
    assert.deepEqual(decodeLegacyAuth(encodeLegacyAuth(message)), { ...message });
  }));
});

Deno.test("decodeLegacyAuth() never throws and reads nothing else", () => {
  const prefix = fc.constantFrom("", "AUTH_RESPONSE", "AUTH_RESPONSE::", "JOB_SUBMIT::", "::");
  fc.assert(fc.property(prefix, fc.string({ unit: "binary" }), (prefix, rest) => {
    const message = decodeLegacyAuth(prefix + rest);
    if (message !== null) assert.equal(encodeLegacyAuth(message), prefix + rest);
  }));
  assert.equal(decodeLegacyAuth(`AUTH_RESPONSE::${"x".repeat(513)}`), null);
});
