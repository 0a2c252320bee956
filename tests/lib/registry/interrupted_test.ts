/** The life of an interrupted model in the registry, from one resume to the next. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { NewModel } from "../../../lib/registry.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "a3f5e8c9";
const PATH = `models/centroid_${ID}/last.ckpt`;
const MODEL: NewModel = {
  id: ID,
  model_type: "centroid",
  run_name: "first",
  job_id: "job_00000001",
  model_index: 0,
};

/** Register the model, interrupt it, and put its checkpoint there. */
async function interrupt(bed: RegistryBed, epoch = 3): Promise<void> {
  await bed.add(MODEL);
  await Deno.writeTextFile(join(bed.folder, PATH), "checkpoint");
  await bed.registry.markInterrupted(ID, PATH, epoch);
}

async function interruptedIds(bed: RegistryBed): Promise<string[]> {
  return (await bed.registry.getInterrupted()).map(({ id }) => id);
}

Deno.test("CR1 CR2 a training that begins is in the registry: job, ID, training, no checkpoint", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const entry = await bed.registry.resolve(ID);
  assert.equal(entry.job_id, "job_00000001");
  assert.equal(entry.status, "training");
  assert.equal(entry.last_epoch ?? null, null);
  assert.equal(entry.checkpoint_path, null);
});

Deno.test("CR5 CR6 CR10 an interrupted model is listed with its ID, checkpoint and epoch", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  const [entry] = await bed.registry.getInterrupted();
  assert.equal(entry?.id, ID);
  assert.equal(entry.checkpoint_path, PATH);
  assert.equal(entry.last_epoch, 3);
});

Deno.test("CR18 CR19 the checkpoint's path is absolute, a file that is gone is noticed", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  assert.equal(await bed.registry.getCheckpointPath(ID), join(bed.folder, PATH));
  assert.equal(await bed.registry.checkpointExists(await bed.registry.resolve(ID)), true);
  await Deno.remove(join(bed.folder, PATH));
  assert.equal(await bed.registry.checkpointExists(await bed.registry.resolve(ID)), false);
  assert.deepEqual(await interruptedIds(bed), []);
});

Deno.test("CR13 CR21 CR22 a resumed model trains, and completed it leaves the list", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  await bed.registry.resume(ID, { jobId: "job_00000002", modelIndex: 0, restart: false });
  assert.equal((await bed.registry.resolve(ID)).status, "training");
  assert.deepEqual(await interruptedIds(bed), []);
  await bed.registry.markCompleted(ID, { final_val_loss: 0.1, epochs_completed: 9 });
  const entry = await bed.registry.resolve(ID);
  assert.equal(entry.status, "completed");
  assert.equal(entry.metrics?.["epochs_completed"], 9);
  assert.ok(entry.completed_at);
  assert.deepEqual(await interruptedIds(bed), []);
});

Deno.test("CR23 CR24 CR25 a resumed model that breaks again is interrupted, and may be resumed", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  for (const attempt of [2, 3, 4]) {
    const jobId = `job_0000000${attempt}`;
    const path = `models/centroid_${ID}/attempts/attempt-${attempt}/last.ckpt`;
    await bed.registry.resume(ID, { jobId, modelIndex: 0, restart: false });
    await Deno.mkdir(join(bed.folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(bed.folder, path), "checkpoint");
    await bed.registry.markInterrupted(ID, path, attempt * 10);
    const [entry] = await bed.registry.getInterrupted();
    assert.equal(entry?.checkpoint_path, path);
    assert.equal(entry.last_epoch, attempt * 10);
  }
});

Deno.test("CR27 CR28 an abandoned model leaves the list, its files stay", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  await bed.registry.abandon(ID);
  assert.deepEqual(await interruptedIds(bed), []);
  assert.equal(await Deno.readTextFile(join(bed.folder, PATH)), "checkpoint");
});

Deno.test("CR31 CR32 a new training is another model, the interrupted one stays as it is", async () => {
  await using bed = await RegistryBed.create();
  await interrupt(bed);
  const before = await bed.registry.resolve(ID);
  const renamed = await bed.add({ ...MODEL, id: "b0000000", run_name: "second", job_id: "job_2" });
  const same = await bed.add({ ...MODEL, job_id: "job_00000003" });
  assert.deepEqual([renamed, same], ["b0000000", `${ID}-2`]);
  assert.deepEqual(await bed.registry.get(ID), before);
  assert.deepEqual(await interruptedIds(bed), [ID]);
  assert.equal((await bed.registry.get(same))?.last_epoch ?? null, null);
});
