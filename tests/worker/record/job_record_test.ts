import assert from "node:assert/strict";
import { ModelRegistry } from "../../../lib/registry.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import { RegistryBed } from "../../support/registry.ts";

const JOB = "job_00000001";

async function openRecord(bed: RegistryBed, registry: ModelRegistry): Promise<JobRecord> {
  const id = await bed.add({ id: "aaaa0001", model_type: "centroid", job_id: JOB, model_index: 0 });
  const folder = new JobFolder(`${bed.folder}/jobs/${JOB}`);
  await Deno.mkdir(folder.path, { recursive: true });
  return await JobRecord.open(folder, registry, {
    version: 1,
    job_id: JOB,
    status: "running",
    updated_at: new Date().toISOString(),
    starter: null,
    supervisor: null,
    trainer: null,
    models: [{ model_id: id, status: "training" }],
  });
}

function epoch(epoch: number, val_loss: number) {
  return { type: "epoch", model: 0, attempt: 1, epoch, train_loss: null, val_loss } as const;
}

function checkpoint(epoch: number) {
  const path = `models/centroid_aaaa0001/last.ckpt`;
  return { type: "checkpoint", model: 0, attempt: 1, epoch, path, kind: "last" } as const;
}

/** Counts the changes of a registry; resolves once there is one. */
function countUpdates(registry: ModelRegistry): { count: number; first: Promise<void> } {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const counted = { count: 0, first };
  const update = registry.update.bind(registry);
  registry.update = async (...args) => {
    counted.count++;
    await update(...args);
    resolve();
  };
  return counted;
}

Deno.test("CR3 an epoch and its checkpoint are booked together", async () => {
  await using bed = await RegistryBed.create();
  const registry = await ModelRegistry.open(bed.folder);
  const record = await openRecord(bed, registry);
  const updates = countUpdates(registry);
  await record.record(epoch(0, 0.1));
  await record.record(checkpoint(0));
  await record.close();
  assert.equal(updates.count, 1);
  const entry = await bed.registry.resolve("aaaa0001");
  assert.equal(entry.last_epoch, 0);
  assert.equal(entry.metrics?.["final_val_loss"], 0.1);
  assert.match(entry.checkpoint_path ?? "", /last\.ckpt$/);
});

Deno.test("CR3 an epoch without a checkpoint is booked all the same", async () => {
  await using bed = await RegistryBed.create();
  const registry = await ModelRegistry.open(bed.folder);
  const record = await openRecord(bed, registry);
  const updates = countUpdates(registry);
  await record.record(epoch(0, 0.1));
  await updates.first;
  assert.equal((await bed.registry.resolve("aaaa0001")).last_epoch, 0);
  await record.close();
});

Deno.test("events that come while one is booked are booked together, in their order", async () => {
  await using bed = await RegistryBed.create();
  const registry = await ModelRegistry.open(bed.folder);
  const record = await openRecord(bed, registry);
  const updates = countUpdates(registry);
  const epochs = [0, 1, 2, 3, 4, 5];
  await Promise.all(
    epochs.flatMap((n) => [epoch(n, 1 / (n + 1)), checkpoint(n)])
      .map((body) => record.record(body)),
  );
  await record.close();
  assert.ok(updates.count < epochs.length, `${updates.count} updates`);
  const entry = await bed.registry.resolve("aaaa0001");
  assert.equal(entry.last_epoch, 5);
  assert.equal(entry.booked?.seq, 12);
  assert.equal(entry.metrics?.["best_epoch"], 5);
});

Deno.test("an event whose booking failed is booked before the next one", async () => {
  await using bed = await RegistryBed.create();
  const registry = await ModelRegistry.open(bed.folder);
  const record = await openRecord(bed, registry);
  const update = registry.update.bind(registry);
  registry.update = () => Promise.reject(new Error("the disk is full"));
  await record.record(epoch(0, 0.1));
  await assert.rejects(record.record(checkpoint(0)), /the disk is full/);
  registry.update = update;
  await record.record(epoch(1, 0.2));
  await record.record(checkpoint(1));
  await record.close();
  const entry = await bed.registry.resolve("aaaa0001");
  assert.equal(entry.metrics?.["best_val_loss"], 0.1);
  assert.equal(entry.metrics?.["epochs_completed"], 2);
  assert.equal(entry.attempts?.[0]?.first_epoch, 0);
});

Deno.test("what a full disk took is set aside again for the next model", async () => {
  await using bed = await RegistryBed.create();
  const record = await openRecord(bed, await ModelRegistry.open(bed.folder));
  const reserve = `${record.folder.path}/reserve`;
  await assert.rejects(Deno.stat(reserve));
  const started = { model: 0, attempt: 1, pid: 1, command: [], max_epochs: 1, log_offset: 0 };
  await record.record({ type: "trainer_started", ...started });
  await record.close();
  assert.ok((await Deno.stat(reserve)).size > 100_000);
});
