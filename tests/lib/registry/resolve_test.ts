import assert from "node:assert/strict";
import { NotFoundError } from "../../../lib/errors.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { resolveModel } from "../../../lib/registry/resolve.ts";

function modelsOf(...ids: string[]): Record<string, ModelEntry> {
  return Object.fromEntries(ids.map((id) => [id, { id }]));
}

function refusal(models: Record<string, ModelEntry>, name: string): NotFoundError {
  try {
    resolveModel(models, name);
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
