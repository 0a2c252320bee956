import assert from "node:assert/strict";
import fc from "fast-check";
import { reprFloat } from "../../../lib/python/float.ts";
import fixture from "../../fixtures/python_json.json" with { type: "json" };

Deno.test("reprFloat() prints what Python printed", () => {
  for (const [text] of fixture.floats) assert.equal(reprFloat(Number(text)), text);
});

Deno.test("reprFloat() prints special values as Python does", () => {
  assert.equal(reprFloat(NaN), "nan");
  assert.equal(reprFloat(Infinity), "inf");
  assert.equal(reprFloat(-Infinity), "-inf");
  assert.equal(reprFloat(0), "0.0");
  assert.equal(reprFloat(-0), "-0.0");
  assert.equal(reprFloat(1e16), "1e+16");
  assert.equal(reprFloat(1e15), "1000000000000000.0");
  assert.equal(reprFloat(0.0001), "0.0001");
  assert.equal(reprFloat(0.00001), "1e-05");
  assert.equal(reprFloat(1.7976931348623157e308), "1.7976931348623157e+308");
});

Deno.test("reprFloat() reads back to the same value in one of Python's two forms", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const text = reprFloat(value);
    assert.ok(Object.is(Number(text), value));
    const size = Math.abs(value);
    const isPositional = size === 0 || (size >= 1e-4 && size < 1e16);
    assert.match(text, isPositional ? /^-?\d+\.\d+$/ : /^-?\d(\.\d+)?e[-+]\d{2,3}$/);
  }));
});
