import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/errors.ts";
import { dumps, parseJson } from "../../../lib/python/json.ts";
import { getIn, PyDate, type PyScalar, type PyValue } from "../../../lib/python/value.ts";
import fixture from "../../fixtures/python_json.json" with { type: "json" };

for (const [given, expected] of fixture.texts) {
  const text = given ?? "";
  Deno.test(`parseJson() and dumps() do as Python with ${JSON.stringify(text)}`, () => {
    if (typeof expected === "string") assert.equal(dumps(parseJson(text)), expected);
    else assert.throws(() => parseJson(text), UsageError);
  });
}

Deno.test("parseJson() keeps ints and floats apart", () => {
  const value = parseJson('{"a": 1, "b": 1.0}');
  assert.equal(getIn(value, ["a"]), 1n);
  assert.equal(getIn(value, ["b"]), 1);
});

Deno.test("parseJson() says where the text is wrong", () => {
  assert.throws(
    () => parseJson('{\n  "a": tru\n}', { source: "c.json" }),
    /Cannot read "c\.json" as JSON: line 2, column 8: expected a value/,
  );
});

Deno.test("parseJson() refuses bottomless nesting and endless integers", () => {
  assert.throws(() => parseJson("[".repeat(100_000)), /nested too deeply/);
  assert.throws(() => parseJson("9".repeat(5000)), /more than 4300 digits/);
});

Deno.test("parseJson() reads texts of megabytes", () => {
  const text = "a\\".repeat(2_000_000);
  assert.equal(parseJson(JSON.stringify(text)), text);
});

Deno.test("dumps() sorts number keys as numbers and writes every key as text", () => {
  const map = new Map<PyScalar, PyValue>([[10n, 1n], [2n, 2n], [-1n, 3n], [2.5, 4n], [true, 5n]]);
  assert.equal(dumps(map), '{"-1": 3, "true": 5, "2": 2, "2.5": 4, "10": 1}');
  assert.equal(dumps(new Map([[null, 1n]])), '{"null": 1}');
});

Deno.test("dumps() raises where Python raises TypeError", () => {
  const date = new PyDate("2025-11-06");
  for (
    const value of [
      date,
      [date],
      new Map<PyScalar, PyValue>([[1n, 1n], ["b", 1n]]),
      new Map<PyScalar, PyValue>([[null, 1n], ["b", 1n]]),
      new Map<PyScalar, PyValue>([[date, 1n]]),
    ]
  ) assert.throws(() => dumps(value), UsageError);
});

Deno.test("dumps() writes what JSON.parse reads", () => {
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    const text = JSON.stringify(value);
    assert.deepEqual(JSON.parse(dumps(parseJson(text))), JSON.parse(text));
  }));
});
