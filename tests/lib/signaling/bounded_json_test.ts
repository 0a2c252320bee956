import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBoundedJson } from "../../../lib/signaling/bounded_json.ts";

Deno.test("parseBoundedJson reads what JSON.parse reads", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
    const text = JSON.stringify(value);
    assert.deepEqual(parseBoundedJson(text), JSON.parse(text));
  }));
});

Deno.test("parseBoundedJson never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    parseBoundedJson(text);
  }));
});

Deno.test("parseBoundedJson refuses what is too deep or too long", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.notEqual(parseBoundedJson(nested(32)), undefined);
  assert.equal(parseBoundedJson(nested(33)), undefined);
  assert.equal(parseBoundedJson(nested(30_000)), undefined);
  assert.equal(parseBoundedJson(`"${"é".repeat(40_000)}"`), undefined);
  assert.equal(parseBoundedJson('"[[[["', { maxDepth: 1 }), "[[[[");
  assert.equal(parseBoundedJson('"\\"[[[["', { maxDepth: 1 }), '"[[[[');
});
