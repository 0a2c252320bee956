import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "a3f5e8c9";
const MODEL = { id: ID, model_type: "centroid" };

async function manifestOf(bed: RegistryBed) {
  return JSON.parse(await Deno.readTextFile(join(bed.folder, "models/.registry/manifest.json")));
}

Deno.test("1.3.1 open() creates folder and manifest, MR23-MR25", async () => {
  await using bed = await RegistryBed.create();
  const text = await Deno.readTextFile(join(bed.folder, "models/.registry/manifest.json"));
  assert.equal(
    text,
    '{\n  "version": "1.0",\n  "models": {},\n  "interrupted": [],\n  "aliases": {}\n}\n',
  );
});

Deno.test("1.3.1 open() with create: false makes nothing and reads as empty", async () => {
  const folder = await Deno.makeTempDir();
  const registry = await ModelRegistry.open(folder, { create: false });
  assert.deepEqual(await registry.list(), []);
  assert.equal(await registry.get(ID), null);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("1.3.1, 4.3.4 open() loads an existing registry, as another process left it", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const again = await ModelRegistry.open(bed.folder);
  assert.equal((await again.get(ID))?.model_type, "centroid");
  await bed.add({ id: "bbbbbbbb", model_type: "centroid" });
  assert.equal((await again.list()).length, 2, "an open registry sees later changes");
});

Deno.test("1.3.1 a file of the older Python program loads, unknown keys survive a change", async () => {
  await using bed = await RegistryBed.create();
  const old = {
    version: "1.0",
    models: {
      [ID]: {
        id: ID,
        full_hash: "f".repeat(64),
        model_type: "centroid",
        status: "completed",
        checkpoint_path: "models/centroid_a3f5e8c9/best.ckpt",
        created_at: "2025-11-06T10:30:52",
        metrics: { final_val_loss: 0.1, training_duration_minutes: 3 },
        checkpoint: { epoch: 3, kept: true },
        metadata: { dataset: "mice.zip", original_config: "c.yaml" },
        python_only: [1, { deep: true }],
      },
    },
    interrupted: [],
    written_by: "sleap-rtc 0.0.7",
  };
  const path = join(bed.folder, "models/.registry/manifest.json");
  await Deno.writeTextFile(path, JSON.stringify(old));
  await bed.add({ id: "bbbbbbbb", model_type: "bottomup" });
  const manifest = await manifestOf(bed);
  assert.deepEqual(manifest.models[ID], old.models[ID]);
  assert.equal(manifest.written_by, "sleap-rtc 0.0.7");
});

Deno.test("1.3.1 a loss that diverged, NaN as Python writes it, is no damage", async () => {
  await using bed = await RegistryBed.create();
  const path = join(bed.folder, "models/.registry/manifest.json");
  const entry = `{"id":"${ID}","status":"failed","notes":"NaN","metrics":{"final_val_loss":NaN}}`;
  await Deno.writeTextFile(path, `{"version":"1.0","models":{"${ID}":${entry}}}`);
  const found = await bed.registry.get(ID);
  assert.deepEqual(found?.metrics, { final_val_loss: null });
  assert.equal(found.notes, "NaN");
});

Deno.test("1.3.2 register() enters a model as training, MR3, MR13, MR14", async () => {
  await using bed = await RegistryBed.create();
  const info = Object.freeze({ ...MODEL, run_name: "first" });
  assert.equal(await bed.registry.register(info), ID);
  const entry = await bed.registry.get(ID);
  assert.equal(entry?.status, "training");
  assert.match(entry?.created_at ?? "", /^\d{4}-.*Z$/);
  assert.ok((await Deno.stat(join(bed.folder, "models/centroid_a3f5e8c9"))).isDirectory);
});

Deno.test("1.3.2 register() takes a copy: what the caller changes later is not stored", async () => {
  await using bed = await RegistryBed.create();
  const info = { ...MODEL, metadata: { dataset: "mice.slp" } };
  await bed.add(info);
  info.metadata.dataset = "rats.slp";
  await bed.registry.update(ID, (entry) => ({ ...entry, notes: "saved again" }));
  assert.deepEqual((await bed.registry.get(ID))?.metadata, { dataset: "mice.slp" });
});

Deno.test("1.3.2 register() refuses what no folder can be named after", async () => {
  await using bed = await RegistryBed.create();
  for (const id of ["", "../../etc", "A3F5E8C9", "a3f5e8c", "a3f5e8c9-2"]) {
    await assert.rejects(bed.add({ id, model_type: "centroid" }), UsageError);
  }
  for (const type of ["", "a/b", "..", "ü"]) {
    await assert.rejects(bed.add({ id: ID, model_type: type }), UsageError);
  }
  assert.deepEqual(await bed.registry.list(), []);
});

Deno.test("1.3.3 a taken ID gets -2, -3, and a warning, MR6, MR7", async () => {
  await using bed = await RegistryBed.create();
  using log = new CapturedLog();
  assert.equal(await bed.add(MODEL), ID);
  assert.equal(await bed.add(MODEL), `${ID}-2`);
  assert.equal(await bed.add(MODEL), `${ID}-3`);
  const warnings = log.lines.filter((line) => line.startsWith("warning: ID a3f5e8c9 is taken"));
  assert.equal(warnings.length, 2);
  assert.equal((await manifestOf(bed)).stats.collisions, 2);
});

Deno.test("1.3.3 a folder with files in it is taken, even if the manifest forgot it", async () => {
  await using bed = await RegistryBed.create();
  const folder = join(bed.folder, "models/centroid_a3f5e8c9");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "best.ckpt"), "precious");
  assert.equal(await bed.add(MODEL), `${ID}-2`);
});

Deno.test("1.3.3 a file where the folder would be is taken, too", async () => {
  await using bed = await RegistryBed.create();
  await Deno.writeTextFile(join(bed.folder, "models/centroid_a3f5e8c9"), "no folder");
  assert.equal(await bed.add(MODEL), `${ID}-2`);
});

Deno.test("1.3.3 register() for the same job and model gives the same ID", async () => {
  await using bed = await RegistryBed.create();
  const info = { ...MODEL, job_id: "job_11111111", model_index: 0 };
  assert.equal(await bed.add(info), ID);
  assert.equal(await bed.add(info), ID);
  assert.equal(await bed.add({ ...info, model_index: 1 }), `${ID}-2`);
  assert.equal((await bed.registry.list()).length, 2);
});

Deno.test("1.3.4 list() gives newest first, whatever the times look like, MR16", async () => {
  await using bed = await RegistryBed.create();
  const times = {
    aaaaaaaa: "2026-01-02T00:00:00Z",
    bbbbbbbb: "2026-01-01T23:30:00-01:00",
    cccccccc: "no time at all",
    dddddddd: "2026-01-02T00:00:01.5Z",
  };
  for (const [id, created_at] of Object.entries(times)) {
    await bed.add({ id, model_type: "centroid", created_at });
  }
  const ids = (await bed.registry.list()).map(({ id }) => id);
  assert.deepEqual(ids, ["bbbbbbbb", "dddddddd", "aaaaaaaa", "cccccccc"]);
});

Deno.test("1.3.4 list() filters by status and type, both must fit, MR17, MR18", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaaaaaa", model_type: "centroid" });
  await bed.add({ id: "bbbbbbbb", model_type: "bottomup" });
  await bed.registry.markCompleted("bbbbbbbb", {});
  const ids = async (filters: Parameters<ModelRegistry["list"]>[0]) =>
    (await bed.registry.list(filters)).map(({ id }) => id);
  assert.deepEqual(await ids({ status: "training" }), ["aaaaaaaa"]);
  assert.deepEqual(await ids({ modelType: "bottomup" }), ["bbbbbbbb"]);
  assert.deepEqual(await ids({ modelType: "bottomup", status: "training" }), []);
  assert.deepEqual(await ids({ status: "abandoned" }), []);
});

Deno.test("1.3.4 get() takes the whole ID, unknown is null, MR19, MR20", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  assert.equal((await bed.registry.get(ID))?.id, ID);
  for (const id of ["a3f5", "", "__proto__", "constructor"]) {
    assert.equal(await bed.registry.get(id), null);
  }
});

Deno.test("1.3.5 training → completed sets time and metrics, MR4", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.registry.markCompleted(ID, { final_val_loss: 0.1 });
  await bed.registry.markCompleted(ID, { final_val_loss: 0.2 });
  const entry = await bed.registry.get(ID);
  assert.equal(entry?.status, "completed");
  assert.deepEqual(entry.metrics, { final_val_loss: 0.2 });
  assert.match(entry.completed_at ?? "", /Z$/);
});

Deno.test("1.3.5 training → interrupted → completed, the list follows", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const checkpoint = join(bed.folder, "models/centroid_a3f5e8c9/last.ckpt");
  await bed.registry.markInterrupted(ID, checkpoint, 3);
  await bed.registry.markInterrupted(ID, checkpoint, 4);
  const entry = await bed.registry.get(ID);
  assert.equal(entry?.status, "interrupted");
  assert.equal(entry.last_epoch, 4);
  assert.equal(entry.checkpoint_path, "models/centroid_a3f5e8c9/last.ckpt");
  assert.deepEqual((await manifestOf(bed)).interrupted, [ID]);
  await bed.registry.markCompleted(ID, {});
  assert.deepEqual((await manifestOf(bed)).interrupted, []);
});

Deno.test("1.3.5 a late interruption of a completed model changes nothing", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.registry.markCompleted(ID, {});
  const before = await manifestOf(bed);
  await bed.registry.markInterrupted(ID, "x.ckpt", 1);
  assert.deepEqual(await manifestOf(bed), before);
});

Deno.test("1.3.5 failed and abandoned are not left by marking", async () => {
  await using bed = await RegistryBed.create();
  for (const [id, status] of [["aaaaaaaa", "failed"], ["bbbbbbbb", "abandoned"]] as const) {
    await bed.add({ id, model_type: "centroid", status });
    await assert.rejects(bed.registry.markCompleted(id, {}), ConflictError);
    await assert.rejects(bed.registry.markInterrupted(id, "x.ckpt", 1), ConflictError);
  }
});

Deno.test("1.3.5 marking or changing an unknown ID: NotFoundError", async () => {
  await using bed = await RegistryBed.create();
  await assert.rejects(bed.registry.markCompleted(ID, {}), NotFoundError);
  await assert.rejects(bed.registry.markInterrupted(ID, "x", 1), NotFoundError);
  await assert.rejects(bed.registry.update("__proto__", (entry) => entry), NotFoundError);
});

Deno.test("1.2.6 getInterrupted() gives those whose checkpoint is there, in order, CR9, CR11", async () => {
  await using bed = await RegistryBed.create();
  assert.deepEqual(await bed.registry.getInterrupted(), []);
  for (const id of ["bbbbbbbb", "aaaaaaaa", "cccccccc"]) {
    await bed.add({ id, model_type: "centroid" });
    const path = `models/centroid_${id}/last.ckpt`;
    if (id !== "aaaaaaaa") await Deno.writeTextFile(join(bed.folder, path), "x");
    await bed.registry.markInterrupted(id, path, 1);
  }
  const ids = (await bed.registry.getInterrupted()).map(({ id }) => id);
  assert.deepEqual(ids, ["bbbbbbbb", "cccccccc"]);
});

Deno.test("1.2.6 getInterrupted() goes by the status, an odd list only orders", async () => {
  await using bed = await RegistryBed.create();
  for (const id of ["aaaaaaaa", "bbbbbbbb", "cccccccc"]) {
    const path = `models/centroid_${id}/last.ckpt`;
    await bed.add({ id, model_type: "centroid", checkpoint_path: path });
    await Deno.writeTextFile(join(bed.folder, path), "x");
    if (id !== "aaaaaaaa") await bed.registry.markInterrupted(id, path, 1);
  }
  const manifest = await manifestOf(bed);
  for (const interrupted of [["cccccccc", "aaaaaaaa", "gone", "constructor"], []]) {
    const path = join(bed.folder, "models/.registry/manifest.json");
    await Deno.writeTextFile(path, JSON.stringify({ ...manifest, interrupted }));
    const ids = (await bed.registry.getInterrupted()).map(({ id }) => id);
    assert.deepEqual(ids.toSorted(), ["bbbbbbbb", "cccccccc"]);
    if (interrupted.length > 0) assert.equal(ids[0], "cccccccc");
  }
});

Deno.test("1.2.7 getCheckpointPath() is absolute; a file that is gone is a warning, MR21, MR22, CR20", async () => {
  await using bed = await RegistryBed.create();
  using log = new CapturedLog();
  await bed.add(MODEL);
  await assert.rejects(bed.registry.getCheckpointPath(ID), /has no checkpoint/);
  await bed.registry.markInterrupted(ID, "models/centroid_a3f5e8c9/last.ckpt", 1);
  const path = join(bed.folder, "models/centroid_a3f5e8c9/last.ckpt");
  assert.equal(await bed.registry.getCheckpointPath(ID), path);
  assert.ok(log.lines.some((line) => line.startsWith("warning:") && line.includes(path)));
  await assert.rejects(bed.registry.getCheckpointPath("bbbbbbbb"), NotFoundError);
});

Deno.test("resolve(): exact ID, then a prefix of at least 4 characters", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.add(MODEL);
  await bed.add({ id: "b0000000", model_type: "centroid" });
  assert.equal((await bed.registry.resolve(ID)).id, ID);
  assert.equal((await bed.registry.resolve("B000")).id, "b0000000");
  await assert.rejects(bed.registry.resolve("a3f5"), /ambiguous/);
  await assert.rejects(bed.registry.resolve("b00"), NotFoundError);
  await assert.rejects(bed.registry.resolve(""), NotFoundError);
});

Deno.test("6.2.1 creation, registration, update and status are in the log", async () => {
  using log = new CapturedLog();
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  await bed.registry.update(ID, (entry) => ({ ...entry, notes: "x" }));
  await bed.registry.markCompleted(ID, {});
  const text = log.lines.join("\n");
  assert.match(text, /info: created ".*manifest\.json"/);
  assert.match(text, /info: registered centroid model a3f5e8c9/);
  assert.match(text, /debug: updated model a3f5e8c9/);
  assert.match(text, /info: model a3f5e8c9 is completed/);
});

Deno.test("1.2.5 markInterrupted() refuses what is no path or no epoch, and changes nothing", async () => {
  await using bed = await RegistryBed.create();
  await bed.add(MODEL);
  const last = "models/centroid_a3f5e8c9/last.ckpt";
  for (const epoch of [NaN, Infinity, -1, 1.5, Number.MAX_SAFE_INTEGER + 1]) {
    await assert.rejects(bed.registry.markInterrupted(ID, last, epoch), UsageError);
  }
  for (const path of ["", "  ", "last\0.ckpt"]) {
    await assert.rejects(bed.registry.markInterrupted(ID, path, 3), UsageError);
  }
  assert.equal((await bed.registry.get(ID))?.status, "training");
  await bed.registry.markInterrupted(ID, last, 0);
});
