import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../../lib/errors.ts";
import { type ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "a3f5e8c9";
const MODEL = { id: ID, model_type: "centroid" };

function manifestPath(bed: RegistryBed): string {
  return join(bed.folder, "models/.registry/manifest.json");
}

/** What another process sees. */
async function storedEntry(bed: RegistryBed): Promise<ModelEntry | null> {
  return await (await ModelRegistry.open(bed.folder)).get(ID);
}

Deno.test("1.3.5 markCompleted() takes a copy: what the caller changes later is not stored", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const metrics = { final_val_loss: 0.1 };
  await bed.registry.markCompleted(ID, metrics);
  metrics.final_val_loss = 99;
  await bed.registry.update(ID, (entry) => ({ ...entry, notes: "saved again" }));
  assert.deepEqual((await storedEntry(bed))?.metrics, { final_val_loss: 0.1 });
});

Deno.test("1.3.5 a loss that diverged reads the same here as in another process", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.registry.markCompleted(ID, { final_val_loss: NaN, best_val_loss: 0.1, odd: undefined });
  const entry = await bed.registry.get(ID);
  assert.deepEqual(entry?.metrics, { final_val_loss: null, best_val_loss: 0.1 });
  assert.deepEqual(entry, await storedEntry(bed));
});

Deno.test("1.3.7 an entry that would be read as damage is refused, and nothing is written", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const before = await Deno.readTextFile(manifestPath(bed));
  // Types do not bind what comes from the wire or from plain JavaScript.
  const odd = JSON.parse('{"tags": "mice, night"}');
  await assert.rejects(
    bed.registry.update(ID, (entry) => ({ ...entry, ...odd })),
    (error) =>
      error instanceof UsageError && /Cannot store model a3f5e8c9: tags/.test(error.message),
  );
  await assert.rejects(bed.add({ id: "bbbbbbbb", model_type: "centroid", ...odd }), UsageError);
  assert.equal(await Deno.readTextFile(manifestPath(bed)), before);
  assert.deepEqual((await bed.registry.list()).map(({ id }) => id), [ID]);
});

Deno.test("1.3.5 an ID that another program listed twice leaves the list of interrupted models", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.registry.markInterrupted(ID, "models/centroid_a3f5e8c9/last.ckpt", 1);
  const manifest = JSON.parse(await Deno.readTextFile(manifestPath(bed)));
  const text = JSON.stringify({ ...manifest, interrupted: [ID, "bbbbbbbb", ID] });
  await Deno.writeTextFile(manifestPath(bed), text);
  await bed.registry.markCompleted(ID, {});
  const { interrupted } = JSON.parse(await Deno.readTextFile(manifestPath(bed)));
  assert.deepEqual(interrupted, ["bbbbbbbb"]);
});

Deno.test("1.3.2 two models of a job without their places in it are two models", async () => {
  await using bed = await RegistryBed.create();
  const job = { job_id: "job_11111111" };
  assert.equal(await bed.add({ ...MODEL, ...job }), ID);
  assert.equal(await bed.add({ id: "bbbbbbbb", model_type: "bottomup", ...job }), "bbbbbbbb");
});

const READERS: Record<string, (registry: ModelRegistry) => Promise<ModelEntry | null | undefined>> =
  {
    "get()": (registry) => registry.get(ID),
    "resolve()": (registry) => registry.resolve(ID),
    "list()": async (registry) => (await registry.list())[0],
    "getInterrupted()": async (registry) => (await registry.getInterrupted())[0],
  };

for (const [reader, read] of Object.entries(READERS)) {
  Deno.test(`1.3.5 nobody changes the registry by changing what ${reader} gave`, async () => {
    await using bed = await RegistryBed.create();
    await bed.add({ ...MODEL, metadata: { dataset: "mice.slp", cameras: ["top"] } });
    const checkpoint = join(bed.folder, "models/centroid_a3f5e8c9/last.ckpt");
    await Deno.writeTextFile(checkpoint, "checkpoint");
    await bed.registry.markInterrupted(ID, checkpoint, 3);
    for (const registry of [bed.registry, await ModelRegistry.open(bed.folder)]) {
      const entry = await read(registry);
      assert.ok(entry?.metadata);
      const { metadata } = entry;
      assert.throws(() => entry.status = "failed", TypeError);
      assert.throws(() => metadata["dataset"] = "rats.slp", TypeError);
      assert.throws(() => (metadata["cameras"] as string[]).push("side"), TypeError);
      await registry.update(ID, (entry) => ({ ...entry, notes: "saved again" }));
      const stored = await storedEntry(bed);
      assert.equal(stored?.status, "interrupted");
      assert.deepEqual(stored?.metadata, { dataset: "mice.slp", cameras: ["top"] });
    }
  });
}

Deno.test("1.3.5 a change that modifies the entry it is given is refused", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const modify = (entry: ModelEntry) => {
    entry.status = "failed";
    return entry;
  };
  await assert.rejects(bed.registry.update(ID, modify), TypeError);
  assert.equal((await bed.registry.get(ID))?.status, "training");
});
