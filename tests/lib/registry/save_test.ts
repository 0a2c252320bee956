import assert from "node:assert/strict";
import { join } from "node:path";
import { stampOf } from "../../../lib/files/file_info.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "a3f5e8c9";
const MODEL = { id: ID, model_type: "centroid" };

function pathOf(bed: RegistryBed): string {
  return join(bed.folder, "models/.registry/manifest.json");
}

async function statsOf(bed: RegistryBed): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(pathOf(bed))).stats;
}

async function filesOf(bed: RegistryBed): Promise<string[]> {
  const folder = join(bed.folder, "models/.registry");
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("1.3.7 after any change there are manifest, backup and lock, nothing else", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.add(MODEL);
  await bed.registry.markInterrupted(ID, "models/centroid_a3f5e8c9/last.ckpt", 1);
  assert.deepEqual(await filesOf(bed), ["manifest.backup.json", "manifest.json", "manifest.lock"]);
  const folder = join(bed.folder, "models/centroid_a3f5e8c9");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  assert.deepEqual(names, ["model.json"]);
});

Deno.test("1.3.7 the backup is the version before the last change", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const before = await Deno.readTextFile(pathOf(bed));
  await bed.registry.markCompleted(ID, {});
  const backup = join(bed.folder, "models/.registry/manifest.backup.json");
  assert.equal(await Deno.readTextFile(backup), before);
});

Deno.test("1.3.7 a save that fails changes nothing, on disk or in memory", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const before = await Deno.readTextFile(pathOf(bed));
  const obstacle = join(bed.folder, "models/.registry/manifest.json.tmp");
  await Deno.mkdir(join(obstacle, "in the way"), { recursive: true });
  await assert.rejects(bed.registry.markCompleted(ID, {}));
  await assert.rejects(bed.add({ id: "bbbbbbbb", model_type: "centroid" }));
  assert.equal(await Deno.readTextFile(pathOf(bed)), before);
  assert.equal((await bed.registry.get(ID))?.status, "training");
  assert.equal(await bed.registry.get("bbbbbbbb"), null);
  await Deno.remove(obstacle, { recursive: true });
  await bed.registry.markCompleted(ID, {});
  assert.equal(await bed.add({ id: "bbbbbbbb", model_type: "centroid" }), "bbbbbbbb");
});

Deno.test("1.3.7 a change that throws frees the lock and changes nothing", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const before = await stampOf(pathOf(bed));
  const failing = bed.registry.update(ID, () => {
    throw new Error("no");
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await stampOf(pathOf(bed)), before);
  await bed.registry.markCompleted(ID, {});
});

Deno.test("1.3.7 a copy that cannot be written is told, and made by the next change", async () => {
  await using bed = await RegistryBed.create();
  using log = new CapturedLog();
  await bed.add(MODEL);
  const copy = join(bed.folder, "models/centroid_a3f5e8c9/model.json");
  const obstacle = `${copy}.tmp`;
  await Deno.mkdir(join(obstacle, "in the way"), { recursive: true });
  await bed.registry.markInterrupted(ID, "x.ckpt", 1);
  assert.equal((await bed.registry.get(ID))?.status, "interrupted");
  assert.ok(log.lines.some((line) => line.startsWith("warning: cannot write the copy of entry")));
  await Deno.remove(obstacle, { recursive: true });
  await bed.registry.markCompleted(ID, {});
  assert.deepEqual(JSON.parse(await Deno.readTextFile(copy)), await bed.registry.get(ID));
});

Deno.test("1.3.7 nothing is written where nothing changes", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ ...MODEL, job_id: "job_11111111", model_index: 0 });
  await bed.registry.markCompleted(ID, {});
  const before = await stampOf(pathOf(bed));
  await bed.registry.markInterrupted(ID, "x.ckpt", 1);
  await bed.registry.update(ID, (entry) => entry);
  await bed.add({ ...MODEL, job_id: "job_11111111", model_index: 0 });
  assert.equal(await stampOf(pathOf(bed)), before);
});

Deno.test("6.2.2, 6.2.3 registrations, collisions, ends and recoveries are counted", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.add(MODEL);
  await bed.registry.markInterrupted(ID, "x.ckpt", 1);
  await bed.registry.markInterrupted(ID, "x.ckpt", 2);
  await bed.registry.markCompleted(ID, {});
  const counted = { registered: 2, collisions: 1, updated: 3, interrupted: 1, completed: 1 };
  assert.deepEqual(await statsOf(bed), counted);
  await Deno.writeTextFile(pathOf(bed), "damaged");
  await bed.registry.list();
  assert.deepEqual(await statsOf(bed), {
    registered: 2,
    collisions: 1,
    updated: 2,
    interrupted: 1,
    manifest_recovered: 1,
  });
});
