import assert from "node:assert/strict";
import { join } from "node:path";
import { ModelRegistry } from "../../../lib/registry.ts";
import { recordPath } from "../../../lib/protocol/prediction_record.ts";
import { findGarbage, measureGarbage, removeGarbage } from "../../../worker/care/garbage.ts";
import type { Garbage, GarbageOptions } from "../../../worker/care/garbage.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { TRACK_JOB } from "../../support/download.ts";
import { withFolder } from "../../support/temp_folder.ts";
import { addTrackJob, trackSpec } from "../../support/track_job.ts";
import { addTrainedModel } from "../../support/trained_model.ts";

const ID = "a3f5e8c9";
const UPLOAD = "e".repeat(64);
const OLD = new Date("2026-01-01T00:00:00Z");

async function withRegistry(act: (registry: ModelRegistry) => Promise<void>): Promise<void> {
  await withFolder(async (root) => await act(await ModelRegistry.open(root)));
}

/** Its kinds and paths relative to the root. */
async function found(registry: ModelRegistry, options: GarbageOptions = {}): Promise<string[]> {
  const garbage = await findGarbage(registry, options);
  return garbage.map(({ kind, path }) => `${kind} ${path.slice(registry.root.length + 1)}`);
}

async function collect(registry: ModelRegistry, options: GarbageOptions = {}): Promise<Garbage[]> {
  return await removeGarbage(registry, await findGarbage(registry, options), options);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** An upload of long ago; its folder. */
async function addUpload(root: string, name: string): Promise<string> {
  const folder = join(root, "uploads", name);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(join(folder, "mice.slp"), "labels");
  await Deno.utime(join(folder, "mice.slp"), OLD, OLD);
  await Deno.utime(folder, OLD, OLD);
  return folder;
}

/** A job that waits and predicts with model {@linkcode ID}, on an upload. */
async function addWaitingJob(root: string, data: string): Promise<JobFolder> {
  const spec = { ...trackSpec(root, join(root, "out.slp")), data_path: data };
  return await JobFolder.create(root, spec, {
    version: 1,
    job_id: spec.job_id,
    status: "queued",
    updated_at: spec.created_at,
    starter: null,
    turn: 1,
    supervisor: null,
    trainer: null,
    models: [],
  }, new Map());
}

Deno.test("gc takes abandoned and failed models, not one that a waiting job predicts with", async () => {
  await withRegistry(async (registry) => {
    for (
      const [id, status] of [[ID, "abandoned"], ["b4000000", "failed"], ["c5000000", "completed"]]
    ) {
      await addTrainedModel(registry, {
        id: id ?? "",
        model_type: "single_instance",
        status: status ?? "",
      });
    }
    const job = await addWaitingJob(registry.root, "/lab/clip.mp4");
    assert.deepEqual(await found(registry), ["model models/single_instance_b4000000"]);
    assert.deepEqual(await found(registry, { olderThanDays: 1 }), []);
    const [measured] = await measureGarbage(await findGarbage(registry, {}));
    assert.ok((measured?.bytes ?? 0) > 0);
    await Deno.remove(job.path, { recursive: true });
    assert.equal((await collect(registry)).length, 2);
    assert.deepEqual((await registry.list()).map(({ id }) => id), ["c5000000"]);
    assert.deepEqual((await registry.verify()).faults, []);
  });
});

Deno.test("what a job begins to need after it was found stays", async () => {
  await withRegistry(async (registry) => {
    await addTrainedModel(registry, { id: ID, model_type: "single_instance", status: "failed" });
    const upload = await addUpload(registry.root, UPLOAD);
    const wanted = await findGarbage(registry, {});
    assert.equal(wanted.length, 2);
    await addWaitingJob(registry.root, join(upload, "mice.slp"));
    assert.deepEqual(await removeGarbage(registry, wanted, {}), []);
    assert.ok(await isThere(join(upload, "mice.slp")));
    assert.equal((await registry.resolve(ID)).status, "failed");
  });
});

Deno.test("gc takes uploads that no model could be resumed with, and no young ones", async () => {
  await withRegistry(async (registry) => {
    const { root } = registry;
    const upload = await addUpload(root, UPLOAD);
    assert.deepEqual(await found(registry), [`upload uploads/${UPLOAD}`]);
    const now = new Date();
    await Deno.utime(join(upload, "mice.slp"), now, now);
    assert.deepEqual(await found(registry), [], "its job may be about to come");
    await Deno.utime(join(upload, "mice.slp"), OLD, OLD);
    await addTrainedModel(registry, { id: ID, model_type: "centroid", status: "interrupted" });
    const config = join(root, "models", `centroid_${ID}`, "config.yaml");
    await Deno.writeTextFile(config, `data_config: {train_labels_path: ${upload}/mice.slp}\n`);
    assert.deepEqual(await found(registry), [], "a model could be resumed with it");
    await registry.abandon(ID);
    assert.deepEqual(await found(registry), [
      `model models/centroid_${ID}`,
      `upload uploads/${UPLOAD}`,
    ]);
    await collect(registry);
    assert.equal(await isThere(upload), false);
  });
});

Deno.test("gc takes of attempts what neither the entry nor a further resume needs", async () => {
  await withRegistry(async (registry) => {
    const { checkpoint } = await addTrainedModel(registry, { id: ID, model_type: "centroid" });
    const folder = `models/centroid_${ID}`;
    for (const number of [2, 3, 4]) {
      const attempt = join(registry.root, folder, "attempts", `attempt-${number}`);
      await Deno.mkdir(attempt, { recursive: true });
      // The fourth has made what was published.
      const best = number === 4 ? `weights of ${ID}` : `other`;
      await Deno.writeTextFile(join(attempt, "best.ckpt"), best);
      await Deno.writeTextFile(join(attempt, "last.ckpt"), `last ${number}`);
      await Deno.writeTextFile(join(attempt, "training_log.csv"), "epoch\n");
    }
    const from = { path: `${folder}/last.ckpt`, epoch: 1, sha256: "f".repeat(64) };
    const starts = [null, from, null, from];
    await registry.update(ID, (entry) => ({
      ...entry,
      checkpoint: { ...checkpoint, bytes: `weights of ${ID}`.length },
      completed_at: "2026-01-01T00:00:00Z",
      last_checkpoint_path: `${folder}/attempts/attempt-4/last.ckpt`,
      attempts: starts.map((started_from, index) => ({
        job_id: "job_00000001",
        attempt: index + 1,
        started_from,
      })),
    }));
    assert.deepEqual(await found(registry), [
      `attempt ${folder}/attempts/attempt-2`,
      `attempt ${folder}/attempts/attempt-3/last.ckpt`,
      `attempt ${folder}/attempts/attempt-3/best.ckpt`,
    ]);
    await collect(registry);
    assert.deepEqual(await found(registry), []);
    assert.ok(await isThere(join(registry.root, folder, "attempts/attempt-3/training_log.csv")));
    assert.deepEqual((await registry.verify()).faults, []);
  });
});

Deno.test("gc takes predictions in a job's folder with their record; with jobs the folder", async () => {
  await withRegistry(async (registry) => {
    const { path } = await addTrackJob(registry.root);
    const predictions = join(path, "predictions.slp");
    const result = join(path, "result.json");
    const now = { ...JSON.parse(await Deno.readTextFile(result)), finished_at: new Date() };
    await Deno.writeTextFile(result, JSON.stringify(now));
    assert.deepEqual(await found(registry, { jobs: true }), [], "nobody may have fetched them yet");
    assert.deepEqual(await found(registry, { olderThanDays: 0, jobs: true }), [
      `job jobs/${TRACK_JOB}`,
    ]);
    await collect(registry, { olderThanDays: 0 });
    assert.equal(await isThere(predictions), false);
    assert.equal(await isThere(recordPath(predictions)), false);
    assert.ok(await isThere(result));
    await collect(registry, { jobs: true });
    assert.equal(await isThere(path), false);
  });
});

Deno.test("gc keeps the job that an interrupted model is resumed from, and takes leftovers", async () => {
  await withRegistry(async (registry) => {
    await addTrackJob(registry.root, { content: null });
    await addTrainedModel(registry, {
      id: ID,
      model_type: "centroid",
      status: "interrupted",
      job_id: TRACK_JOB,
    });
    await Deno.mkdir(join(registry.root, "models", ".deleted-centroid_b4000000-1"));
    assert.deepEqual(await found(registry, { jobs: true }), [
      "leftover models/.deleted-centroid_b4000000-1",
    ]);
  });
});
