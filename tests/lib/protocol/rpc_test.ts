import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonDepth } from "../../../lib/protocol/json_depth.ts";
import { decodeRpc, encodeRpc, isRpc, type RpcMessage } from "../../../lib/protocol/rpc.ts";

/** JSON as it comes back: without -0, which JSON cannot say. */
const json = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)));
const id = fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 64 }));
const method = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.]{0,20}$/);
const error = fc.record({
  code: fc.string({ maxLength: 20 }),
  message: fc.string(),
  hint: fc.string(),
  exit_code: fc.integer({ min: 1, max: 255 }),
}, { requiredKeys: ["code", "message", "exit_code"], noNullPrototype: true });
const message: fc.Arbitrary<RpcMessage> = fc.oneof(
  fc.record({ kind: fc.constant("request" as const), id, method, params: json }),
  fc.record({ kind: fc.constant("notification" as const), method, params: json }),
  fc.record({ kind: fc.constant("result" as const), id, result: json }),
  fc.record({ kind: fc.constant("error" as const), id, error }),
);

Deno.test("decodeRpc() reads back what encodeRpc() wrote", () => {
  fc.assert(fc.property(message, (message) => {
    assert.deepEqual(decodeRpc(encodeRpc(message)), { ...message });
  }));
});

Deno.test("encodeRpc() writes null for undefined", () => {
  const text = encodeRpc({ kind: "result", id: 1, result: undefined });
  assert.deepEqual(decodeRpc(text), { kind: "result", id: 1, result: null });
});

Deno.test("decodeRpc() never throws, whatever it is given", () => {
  const envelope = fc.dictionary(
    fc.constantFrom("id", "method", "params", "result", "error", "__proto__", "kind"),
    fc.jsonValue(),
  ).map((value) => JSON.stringify(value));
  const hostile = fc.oneof(fc.string({ unit: "binary" }), fc.json(), envelope);
  fc.assert(
    fc.property(hostile, (text) => {
      const message = decodeRpc(`RPC::${text}`);
      if (message !== null) assert.ok(isRpc(encodeRpc(message)));
      assert.equal(isRpc(text) ? null : decodeRpc(text), null);
    }),
    { numRuns: 1_000 },
  );
});

for (
  const [what, text] of Object.entries({
    "another message": "JOB_SUBMIT::{}",
    "no JSON": "RPC::{",
    "no object": "RPC::[1]",
    "null": "RPC::null",
    "neither method, result nor error": 'RPC::{"id":1}',
    "a result without id": 'RPC::{"result":1}',
    "an id that is no name": 'RPC::{"id":{},"method":"x"}',
    "an id that is no whole number": 'RPC::{"id":1.5,"method":"x"}',
    "a method that is no name": 'RPC::{"id":1,"method":"../x"}',
    "an error without exit code": 'RPC::{"id":1,"error":{"code":"x","message":"y"}}',
    "an error with exit code 0": 'RPC::{"id":1,"error":{"code":"x","message":"y","exit_code":0}}',
    "65 levels": `RPC::{"method":"x","params":${"[".repeat(64)}${"]".repeat(64)}}`,
    "a million levels": `RPC::${"[".repeat(60_000)}`,
    "more than 64 KiB": `RPC::{"method":"x","params":"${"y".repeat(65_536)}"}`,
  })
) {
  Deno.test(`decodeRpc() reads nothing from ${what}`, () => {
    assert.equal(decodeRpc(text), null);
  });
}

Deno.test("jsonDepth() counts brackets outside of strings", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(jsonDepth(JSON.stringify(value)), depthOf(value));
  }));
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
