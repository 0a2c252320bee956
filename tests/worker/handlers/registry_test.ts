import assert from "node:assert/strict";
import { ConflictError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { registryHandlers } from "../../../worker/handlers/registry.ts";
import { RegistryBed } from "../../support/registry.ts";

const { tagModel, getModel } = WORKER_METHODS;

function caller(bed: RegistryBed) {
  const handlers = registryHandlers(bed.registry);
  return async (method: string, params: unknown) => {
    const model = await handlers[method]?.(params) as { entry: Record<string, unknown> };
    return model.entry;
  };
}

Deno.test("AL23, AL24 registry.tag names a worker's model, and registry.get takes the name", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaa0001", model_type: "centroid" });
  await bed.add({ id: "bbbb0002", model_type: "centroid" });
  const call = caller(bed);
  assert.equal((await call(tagModel, { name: "aaaa", alias: "mouse" }))["alias"], "mouse");
  assert.equal((await call(getModel, { name: "mouse" }))["id"], "aaaa0001");
  await assert.rejects(call(tagModel, { name: "bbbb", alias: "mouse" }), ConflictError);
  const forced = await call(tagModel, { name: "bbbb", alias: "mouse", force: true });
  assert.deepEqual([forced["id"], forced["alias"]], ["bbbb0002", "mouse"]);
  assert.equal((await call(tagModel, { name: "mouse", remove_alias: true }))["alias"], null);
  await assert.rejects(call(getModel, { name: "mouse" }), NotFoundError);
});

Deno.test("registry.tag refuses what says nothing, two things, or no alias", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaa0001", model_type: "centroid" });
  const call = caller(bed);
  for (const change of [{}, { alias: "mouse", remove_alias: true }, { alias: "a b" }]) {
    await assert.rejects(call(tagModel, { name: "aaaa0001", ...change }), UsageError);
  }
});
