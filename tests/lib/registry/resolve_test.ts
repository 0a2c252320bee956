import assert from "node:assert/strict";
import { NotFoundError } from "../../../lib/errors.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import type { Manifest } from "../../../lib/registry/manifest.ts";
import { resolveModel } from "../../../lib/registry/resolve.ts";

type Naming = Pick<Manifest, "models" | "aliases">;

function modelsOf(...ids: string[]): Naming {
  const models: Record<string, ModelEntry> = Object.fromEntries(ids.map((id) => [id, { id }]));
  return { models, aliases: {} };
}

function refusal(naming: Naming, name: string): NotFoundError {
  try {
    resolveModel(naming, name);
  } catch (error) {
    if (error instanceof NotFoundError) return error;
    throw error;
  }
  throw new Error(`"${name}" names a model`);
}

Deno.test("resolveModel() takes the exact ID before longer ones that begin with it", () => {
  const models = modelsOf("a3f5e8c9-2", "a3f5e8c9", "a3f5e8c9-3");
  for (const name of ["a3f5e8c9", "A3F5E8C9", " a3f5e8c9\n"]) {
    assert.equal(resolveModel(models, name).id, "a3f5e8c9");
  }
  assert.equal(resolveModel(models, "a3f5e8c9-2").id, "a3f5e8c9-2");
});

Deno.test("resolveModel() takes a prefix of at least 4 characters that only one ID has", () => {
  const models = modelsOf("a3f5e8c9", "a3f6e8c9");
  assert.equal(resolveModel(models, "a3f5").id, "a3f5e8c9");
  const { message, hint } = refusal(models, "a3f");
  assert.match(message, /No model "a3f"/);
  assert.match(hint ?? "", /at least 4 characters/);
});

Deno.test("resolveModel() names the candidates of an ambiguous prefix, at most ten", () => {
  const ids = Array.from({ length: 12 }, (_, n) => `a3f5000${n.toString(16)}`);
  const { message, hint, exitCode } = refusal(modelsOf(...ids), "a3f5");
  assert.match(message, /^"a3f5" is ambiguous: it begins 12 model IDs$/);
  assert.equal(hint, `Name one of: ${ids.slice(0, 10).join(", ")}, …`);
  assert.equal(exitCode, 3);
});

Deno.test("resolveModel() suggests IDs at most two slips away, the nearest first", () => {
  const models = modelsOf("a3f5e8d9", "a3f5e8c9", "ffffffff");
  assert.equal(refusal(models, "a3f5e9c9").hint, "Did you mean a3f5e8c9 or a3f5e8d9?");
  assert.equal(refusal(models, "3af5e8c0").hint, "Did you mean a3f5e8c9?");
  assert.doesNotMatch(refusal(models, "00000000").hint ?? "", /Did you mean/);
});

Deno.test("resolveModel() is not misled by the names every object has", () => {
  for (const name of ["__proto__", "constructor", "toString", ""]) {
    refusal(modelsOf("a3f5e8c9"), name);
  }
});

Deno.test("AL17-AL19, AL21, AL22 resolveModel() takes an ID, then an alias, then a prefix", () => {
  const naming = { ...modelsOf("a3f5e8c9", "b1c2d3e4", "dead0001"), aliases: {} };
  const named = { ...naming, aliases: { dead: "b1c2d3e4", a3f5e8c9: "b1c2d3e4" } };
  assert.equal(resolveModel(naming, "dead").id, "dead0001", "a prefix");
  assert.equal(resolveModel(named, "dead").id, "b1c2d3e4", "an alias before a prefix");
  assert.equal(resolveModel(named, " dead\n").id, "b1c2d3e4");
  assert.equal(resolveModel(named, "a3f5e8c9").id, "a3f5e8c9", "an ID before an alias");
});

Deno.test("AL20, AL68 resolveModel() takes an alias as it is written only, and suggests near ones", () => {
  const naming = { ...modelsOf("a3f5e8c9"), aliases: { "mouse-v2": "a3f5e8c9", rat: "a3f5e8c9" } };
  for (const name of ["Mouse-V2", "mouse-v1", "muose-v2", "mouse"]) {
    assert.equal(refusal(naming, name).hint, "Did you mean mouse-v2?", name);
  }
  assert.doesNotMatch(refusal(naming, "horse").hint ?? "", /Did you mean/);
});

Deno.test("resolveModel() tells of an alias whose model is gone", () => {
  const { message, exitCode } = refusal(
    { ...modelsOf("a3f5e8c9"), aliases: { "mouse-v2": "b1c2d3e4" } },
    "mouse-v2",
  );
  assert.equal(message, 'Alias "mouse-v2" names model b1c2d3e4, which is gone');
  assert.equal(exitCode, 3);
});
