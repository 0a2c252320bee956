import assert from "node:assert/strict";
import { UsageError } from "../../../lib/errors.ts";
import { reprFloat } from "../../../lib/python/float.ts";
import { dumps } from "../../../lib/python/json.ts";
import { getIn, PyDate, type PyValue } from "../../../lib/python/value.ts";
import { parseYaml } from "../../../lib/python/yaml.ts";
import type { YamlDialect } from "../../../lib/python/yaml_scalar.ts";
import fixture from "../../fixtures/pyyaml_scalars.json" with { type: "json" };

/** The fixture's way of writing a scalar: Python's type and value. */
function describe(value: PyValue | undefined): string {
  if (value === null) return "NoneType None";
  if (typeof value === "boolean") return value ? "bool True" : "bool False";
  if (typeof value === "bigint") return `int ${value}`;
  if (typeof value === "number") return `float ${reprFloat(value)}`;
  if (value instanceof PyDate) return "date";
  return typeof value === "string" ? `str ${value}` : "other";
}

function readScalar(text: string, dialect: YamlDialect): string {
  try {
    return describe(getIn(parseYaml(`v: ${text}`, { dialect }), ["v"]));
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return "error";
  }
}

function readDocument(text: string, dialect: YamlDialect): string | null {
  try {
    return dumps(parseYaml(text, { dialect }));
  } catch (error) {
    assert.ok(error instanceof UsageError);
    return null;
  }
}

Deno.test("parseYaml() reads scalars as PyYAML does", () => {
  for (const [text = "", expected] of fixture.scalars) {
    assert.equal(readScalar(text, "pyyaml"), expected, `v: ${text}`);
  }
});

Deno.test("parseYaml() reads scalars as OmegaConf does", () => {
  for (const [text = "", , expected] of fixture.scalars) {
    assert.equal(readScalar(text, "omegaconf"), expected, `v: ${text}`);
  }
});

Deno.test("parseYaml() reads documents as PyYAML and OmegaConf do", () => {
  for (const [text, pyyaml, omegaconf] of fixture.documents) {
    assert.equal(readDocument(text ?? "", "pyyaml"), pyyaml, String(text));
    assert.equal(readDocument(text ?? "", "omegaconf"), omegaconf, String(text));
  }
});

Deno.test("parseYaml() says where the text is wrong", () => {
  const read = (text: string) => () => parseYaml(text, { source: "c.yaml" });
  assert.throws(
    read("a: 1\nb: [1, 2\n"),
    /^UsageError: Cannot read "c\.yaml" as YAML: line 3, col/,
  );
  assert.throws(read("a: 1\nb: 2025-13-06\n"), /line 2, column 4: "2025-13-06" is not a date/);
  assert.throws(read("a: !!python/object:x {}"), /the tag "tag:yaml\.org,2002:python\/object:x"/);
  assert.throws(read("a: 1\n\u0007"), /line 2, column 1: the character U\+0007/);
  assert.throws(read('a: "\u2028"'), /the character U\+2028/);
});

Deno.test("parseYaml() refuses what PyYAML reads in an older way instead of guessing", () => {
  for (const text of ["v: [a?b]", "v: {x: ?y}", "v: [:a]", "v: a\tb"]) {
    assert.throws(() => parseYaml(text), /in quotes/);
  }
});

Deno.test("parseYaml() bounds what aliases and nesting can grow to", () => {
  const bomb = ["a: &a0 [x, x]"];
  for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
  assert.throws(() => parseYaml(bomb.join("\n")), /more than 200000 values/);
  assert.throws(() => parseYaml("[".repeat(50_000)), /nested too deeply/);
  assert.throws(() => parseYaml("a: &a [*a]"), /contains itself/);
});

Deno.test("parseYaml() ignores a byte order mark", () => {
  assert.equal(dumps(parseYaml("\ufeffa: 1")), '{"a": 1}');
});
