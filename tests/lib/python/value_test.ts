import assert from "node:assert/strict";
import { toJson } from "../../../lib/python/to_json.ts";
import { clonePyValue, getIn, PyDate, PyMapBuilder } from "../../../lib/python/value.ts";
import { parseYaml } from "../../../lib/python/yaml.ts";

Deno.test("getIn() follows text keys and gives undefined where a step is missing", () => {
  const value = parseYaml("a: {b: {c: 1}}\nd: [1]");
  assert.equal(getIn(value, ["a", "b", "c"]), 1n);
  assert.equal(getIn(value, ["a", "x", "c"]), undefined);
  assert.equal(getIn(value, ["d", "0"]), undefined);
  assert.equal(getIn(value, []), value);
});

Deno.test("PyMapBuilder takes equal numbers for one key, as a dict does", () => {
  const builder = new PyMapBuilder();
  builder.set(1n, "a");
  builder.set(true, "b");
  builder.set(1, "c");
  builder.set("1", "d");
  builder.set(null, "e");
  builder.set(new PyDate("2025-11-06"), "f");
  builder.set(new PyDate("2025-11-06"), "g");
  assert.deepEqual([...builder.map.values()], ["c", "d", "e", "g"]);
  assert.deepEqual([...builder.map.keys()].slice(0, 3), [1n, "1", null]);
});

Deno.test("clonePyValue() shares nothing, aliases included", () => {
  const value = parseYaml("a: &x {k: [1]}\nb: *x");
  const copy = clonePyValue(value);
  assert.deepEqual(copy, value);
  assert.equal(getIn(value, ["a"]), getIn(value, ["b"]));
  assert.notEqual(getIn(copy, ["a"]), getIn(copy, ["b"]));
  assert.notEqual(getIn(copy, ["a", "k"]), getIn(value, ["a", "k"]));
});

Deno.test("toJson() gives plain JSON data", () => {
  const value = parseYaml("{1: .nan, b: [1, 1.5, 100000000000000000000], c: 2025-11-06, d: ~}");
  assert.deepEqual(toJson(value), {
    "1": null,
    b: [1, 1.5, "100000000000000000000"],
    c: "2025-11-06",
    d: null,
  });
});
