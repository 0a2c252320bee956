import assert from "node:assert/strict";
import { join } from "node:path";
import { FileLock } from "../../../lib/files/lock.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { loseConnection } from "../../../lib/registry/transitions.ts";
import { findMissingFiles, locateModel, locateModels } from "../../../worker/view/locate_models.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "aaaa0001";

async function trainingModel(bed: RegistryBed): Promise<ModelEntry> {
  await bed.add({ id: ID, model_type: "centroid", job_id: "job_00000001", model_index: 0 });
  return await bed.registry.resolve(ID);
}

async function lockJob(bed: RegistryBed): Promise<FileLock> {
  await Deno.mkdir(join(bed.folder, "jobs/job_00000001"), { recursive: true });
  return await FileLock.acquire(join(bed.folder, "jobs/job_00000001/job.lock"));
}

Deno.test("locateModel(): a training whose job's lock is held is supervised", async () => {
  await using bed = await RegistryBed.create();
  const entry = await trainingModel(bed);
  using _lock = await lockJob(bed);
  assert.equal((await locateModel(bed.registry, entry)).supervised, true);
});

Deno.test("locateModel(): a training whose job's lock is free, or that has no job, is not", async () => {
  await using bed = await RegistryBed.create();
  const entry = await trainingModel(bed);
  assert.equal((await locateModel(bed.registry, entry)).supervised, false);
  (await lockJob(bed)).release();
  assert.equal((await locateModel(bed.registry, entry)).supervised, false);
  assert.equal((await locateModel(bed.registry, { ...entry, job_id: null })).supervised, false);
});

Deno.test("locateModel(): what is no job ID names no job, and no path", async () => {
  await using bed = await RegistryBed.create();
  const entry = await trainingModel(bed);
  using _lock = await lockJob(bed);
  for (const job_id of ["job_\0", "../..", "../jobs/job_00000001", "job_00000001/", "", "job_1"]) {
    assert.equal((await locateModel(bed.registry, { ...entry, job_id })).supervised, false, job_id);
  }
});

Deno.test("locateModel(): a training that ended since it was read has lost nobody", async () => {
  await using bed = await RegistryBed.create();
  const entry = await trainingModel(bed);
  (await lockJob(bed)).release();
  await bed.registry.markCompleted(ID, { final_val_loss: 0.1 });
  const located = await locateModel(bed.registry, entry);
  assert.equal(located.supervised, true);
  assert.equal(located.entry, entry);
});

Deno.test("locateModel(): a training that goes on without a connection has a supervisor, too", async () => {
  await using bed = await RegistryBed.create();
  await trainingModel(bed);
  await bed.registry.update(ID, (entry) => loseConnection(entry, "2026-11-24T12:00:00Z"));
  const entry = await bed.registry.resolve(ID);
  assert.equal((await locateModel(bed.registry, entry)).supervised, false, "nobody holds the lock");
  using _lock = await lockJob(bed);
  assert.equal((await locateModel(bed.registry, entry)).supervised, true);
});

Deno.test("locateModels() looks for the checkpoint of every entry", async () => {
  await using bed = await RegistryBed.create();
  await bed.addCompleted({ id: ID, model_type: "centroid" }, 0.1);
  await bed.add({ id: "bbbb0002", model_type: "centroid", checkpoint_path: "models/gone.ckpt" });
  const entries = [await bed.registry.resolve(ID), await bed.registry.resolve("bbbb0002")];
  const models = await locateModels(bed.registry, entries);
  assert.deepEqual(models.map(({ checkpointExists }) => checkpointExists), [true, false]);
  assert.equal(models[0]?.location.root, bed.folder);
});

Deno.test("findMissingFiles() gives the paths as stored; a folder is no file", async () => {
  await using bed = await RegistryBed.create();
  const files = { config_path: "models/gone.yaml", last_checkpoint_path: "models" };
  await bed.addCompleted({ id: ID, model_type: "centroid", ...files }, 0.1);
  const missing = await findMissingFiles(bed.registry, await bed.registry.resolve(ID));
  assert.deepEqual([...missing].sort(), ["models", "models/gone.yaml"]);
});
