import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ConflictError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const IDS = ["aaaaaaaa", "bbbbbbbb", "cccccccc"];

async function threeModels(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  for (const id of IDS) await bed.add({ id, model_type: "centroid", run_name: `run ${id}` });
  await bed.registry.markInterrupted("bbbbbbbb", "models/centroid_bbbbbbbb/last.ckpt", 4);
  return bed;
}

function pathOf(bed: RegistryBed): string {
  return join(bed.folder, "models/.registry/manifest.json");
}

/** A registry without memory of what it read before. */
async function reopened(bed: RegistryBed): Promise<ModelRegistry> {
  return await ModelRegistry.open(bed.folder, { create: false });
}

async function assertAllThere(bed: RegistryBed): Promise<void> {
  const registry = await reopened(bed);
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS);
  assert.equal((await registry.get("bbbbbbbb"))?.status, "interrupted");
  const manifest = JSON.parse(await Deno.readTextFile(pathOf(bed)));
  assert.deepEqual(manifest.interrupted, ["bbbbbbbb"]);
}

async function keptFiles(bed: RegistryBed): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(bed.folder, "models/.registry")));
  return entries.map(({ name }) => name).filter((name) => name.startsWith("manifest.corrupted."));
}

const DAMAGES: Record<string, string | Uint8Array> = {
  "an empty file": "",
  "null": "null",
  "an array": "[]",
  "an object without models": '{"version":"1.0","modems":{},"interrupted":[]}',
  "models as an array": '{"version":"1.0","models":[],"interrupted":[]}',
  "interrupted as a number": '{"version":"1.0","models":{},"interrupted":7}',
  "bad UTF-8": new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
  "zeros": new Uint8Array(4096),
};

for (const [what, bytes] of Object.entries(DAMAGES)) {
  Deno.test(`1.3.6, 4.3.1 ${what}: kept, and every model comes back`, async () => {
    await using bed = await threeModels();
    using log = new CapturedLog();
    const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    await Deno.writeFile(pathOf(bed), data);
    await assertAllThere(bed);
    const [kept = "", ...others] = await keptFiles(bed);
    assert.equal(others.length, 0);
    assert.match(kept, /^manifest\.corrupted\.\d{8}_\d{6}-1\.json$/);
    assert.deepEqual(await Deno.readFile(join(bed.folder, "models/.registry", kept)), data);
    const [error = ""] = log.lines.filter((line) => line.startsWith("error: "));
    assert.match(error, /recovered 3 entries .* kept as ".*corrupted/);
  });
}

Deno.test("1.3.6 a manifest cut off anywhere: every model comes back", async () => {
  await using bed = await threeModels();
  const whole = await Deno.readFile(pathOf(bed));
  for (let length = 0; length < whole.length - 2; length += 50) {
    await Deno.writeFile(pathOf(bed), whole.subarray(0, length));
    await assertAllThere(bed);
  }
});

Deno.test("1.3.6 one bad entry among good ones: the others stay, it comes back from its folder", async () => {
  await using bed = await threeModels();
  const manifest = JSON.parse(await Deno.readTextFile(pathOf(bed)));
  manifest.models.aaaaaaaa = { id: 7 };
  manifest.models.cccccccc.notes = "newer than the backup";
  manifest.models.cccccccc.revision = 9;
  await Deno.writeTextFile(pathOf(bed), JSON.stringify(manifest));
  await assertAllThere(bed);
  assert.equal((await (await reopened(bed)).get("cccccccc"))?.notes, "newer than the backup");
});

Deno.test("1.3.6 an entry with an odd field and no other copy stays, without that field", async () => {
  await using bed = await RegistryBed.create();
  const odd = { id: "aaaaaaaa", status: "completed", tags: "a, b", attempts: [7], other: [7] };
  const text = JSON.stringify({ version: "1.0", models: { aaaaaaaa: odd }, interrupted: [] });
  await Deno.writeTextFile(pathOf(bed), text);
  const expected = { id: "aaaaaaaa", status: "completed", other: [7] };
  assert.deepEqual(await (await reopened(bed)).get("aaaaaaaa"), expected);
  const [kept = ""] = await keptFiles(bed);
  assert.equal(await Deno.readTextFile(join(bed.folder, "models/.registry", kept)), text);
});

Deno.test("1.3.6 a whole copy of an entry is taken before one with an odd field", async () => {
  await using bed = await threeModels();
  const manifest = JSON.parse(await Deno.readTextFile(pathOf(bed)));
  manifest.models.aaaaaaaa.run_name = 7;
  await Deno.writeTextFile(pathOf(bed), JSON.stringify(manifest));
  await assertAllThere(bed);
  assert.equal((await (await reopened(bed)).get("aaaaaaaa"))?.run_name, "run aaaaaaaa");
});

Deno.test("1.3.6 any change of any bytes never loses a model that has its folder", async () => {
  await using bed = await threeModels();
  const whole = await Deno.readFile(pathOf(bed));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length - 1),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      async (at, bytes) => {
        const damaged = whole.slice();
        damaged.set(bytes.subarray(0, whole.length - at), at);
        await Deno.writeFile(pathOf(bed), damaged);
        const ids = (await (await reopened(bed)).list()).map(({ id }) => id);
        for (const id of IDS) {
          const isRenamed = ids.length === IDS.length && !ids.includes(id);
          assert.ok(ids.includes(id) || isRenamed, `${id} is gone`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("1.3.6 two damages within a second are both kept, the backup stays good", async () => {
  await using bed = await threeModels();
  const backup = join(bed.folder, "models/.registry/manifest.backup.json");
  for (const text of ["first", "second"]) {
    await Deno.writeTextFile(pathOf(bed), text);
    await assertAllThere(bed);
    assert.deepEqual(Object.keys(JSON.parse(await Deno.readTextFile(backup)).models), IDS);
  }
  const kept = await keptFiles(bed);
  assert.equal(kept.length, 2);
  const texts = await Promise.all(
    kept.map((name) => Deno.readTextFile(join(bed.folder, "models/.registry", name))),
  );
  assert.deepEqual(texts.sort(), ["first", "second"]);
});

Deno.test("1.3.6 without manifest and backup the model folders suffice", async () => {
  await using bed = await threeModels();
  await Deno.remove(join(bed.folder, "models/.registry"), { recursive: true });
  await ModelRegistry.open(bed.folder);
  await assertAllThere(bed);
});

Deno.test("1.3.6 a model whose folder was moved away behind a link comes back", async () => {
  await using bed = await threeModels();
  const folder = join(bed.folder, "models/centroid_aaaaaaaa");
  await Deno.rename(folder, join(bed.folder, "large disk"));
  await Deno.symlink(join(bed.folder, "large disk"), folder);
  await Deno.remove(join(bed.folder, "models/.registry"), { recursive: true });
  await ModelRegistry.open(bed.folder);
  await assertAllThere(bed);
});

Deno.test("1.3.6 a deleted manifest comes back with the next reader", async () => {
  await using bed = await threeModels();
  await Deno.remove(pathOf(bed));
  await assertAllThere(bed);
  assert.deepEqual(await keptFiles(bed), [], "there was nothing to keep");
});

Deno.test("1.3.6 where nothing can be written, a damaged manifest is read all the same", async () => {
  await using bed = await threeModels();
  using log = new CapturedLog();
  await Deno.mkdir(`${pathOf(bed)}.tmp/in the way`, { recursive: true });
  await Deno.writeTextFile(pathOf(bed), "damaged");
  const registry = await reopened(bed);
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS);
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS);
  assert.equal(await Deno.readTextFile(pathOf(bed)), "damaged");
  assert.deepEqual(await keptFiles(bed), [], "it is still in its place: no copy for every reader");
  assert.ok(log.lines.some((line) => line.startsWith("error: cannot repair")));
});

Deno.test("1.3.6 the entry with the highest revision wins", async () => {
  await using bed = await threeModels();
  const modelJson = join(bed.folder, "models/centroid_aaaaaaaa/model.json");
  const entry = JSON.parse(await Deno.readTextFile(modelJson));
  await Deno.writeTextFile(modelJson, JSON.stringify({ ...entry, revision: 99, notes: "newest" }));
  await Deno.writeTextFile(pathOf(bed), "damaged");
  assert.equal((await (await reopened(bed)).get("aaaaaaaa"))?.notes, "newest");
});

Deno.test("rebuild() keeps what is sound and counts", async () => {
  await using bed = await threeModels();
  assert.deepEqual(await bed.registry.rebuild(), { models: 3, kept: null, returned: [] });
  await Deno.writeTextFile(pathOf(bed), "damaged");
  const report = await bed.registry.rebuild();
  assert.equal(report.models, 3);
  assert.match(report.kept ?? "", /corrupted/);
});

Deno.test("a manifest of a newer version is read, never written", async () => {
  await using bed = await threeModels();
  const manifest = JSON.parse(await Deno.readTextFile(pathOf(bed)));
  const text = JSON.stringify({ ...manifest, version: "2.0", interrupted: { odd: true } });
  await Deno.writeTextFile(pathOf(bed), text);
  const registry = await reopened(bed);
  assert.equal((await registry.list()).length, 3);
  await assert.rejects(
    registry.markCompleted("aaaaaaaa", {}),
    (error) => error instanceof ConflictError && error.exitCode === 7,
  );
  await assert.rejects(registry.rebuild(), ConflictError);
  assert.equal(await Deno.readTextFile(pathOf(bed)), text);
});

Deno.test("a damaged manifest of a newer version is not replaced by an older one", async () => {
  await using bed = await threeModels();
  const manifest = JSON.parse(await Deno.readTextFile(pathOf(bed)));
  const backup = join(bed.folder, "models/.registry/manifest.backup.json");
  await Deno.writeTextFile(backup, JSON.stringify({ ...manifest, version: "2.0" }));
  await Deno.writeTextFile(pathOf(bed), "torn");
  const registry = await reopened(bed);
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS, "reading works");
  await assert.rejects(registry.markCompleted("aaaaaaaa", {}), ConflictError);
  await assert.rejects(registry.rebuild(), ConflictError);
  assert.equal(await Deno.readTextFile(pathOf(bed)), "torn");
  assert.deepEqual(await keptFiles(bed), []);
});

const EMPTIED = '{"version":"1.0","models":{}}';

Deno.test("1.3.6 a manifest that was emptied although models exist: said, kept, rebuilt", async () => {
  await using bed = await threeModels();
  const backup = join(bed.folder, "models/.registry/manifest.backup.json");
  await Deno.remove(backup);
  for (const open of [reopened, (bed: RegistryBed) => ModelRegistry.open(bed.folder)]) {
    using log = new CapturedLog();
    await Deno.writeTextFile(pathOf(bed), EMPTIED);
    const registry = await open(bed);
    assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS);
    const [error = ""] = log.lines.filter((line) => line.startsWith("error: "));
    assert.match(error, /lists no models.*recovered 3 entries/);
  }
  await assertAllThere(bed);
  const kept = await keptFiles(bed);
  assert.equal(kept.length, 2);
  for (const name of kept) {
    assert.equal(await Deno.readTextFile(join(bed.folder, "models/.registry", name)), EMPTIED);
  }
});

Deno.test("1.3.6 opening a registry that was emptied says so before anything is asked", async () => {
  await using bed = await threeModels();
  using log = new CapturedLog();
  await Deno.writeTextFile(pathOf(bed), EMPTIED);
  await ModelRegistry.open(bed.folder);
  assert.ok(log.lines.some((line) => /^error: .*lists no models/.test(line)));
});

Deno.test("1.3.6 the registry's folder deleted: a reader rebuilds it", async () => {
  await using bed = await threeModels();
  await Deno.remove(join(bed.folder, "models/.registry"), { recursive: true });
  using log = new CapturedLog();
  const registry = await ModelRegistry.open(bed.folder, { create: false });
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), IDS);
  assert.match(log.lines.join("\n"), /^error: .*the file is missing; recovered 3 entries/m);
  await assertAllThere(bed);
});

Deno.test("1.3.6 a change of a manifest that was emptied keeps the models", async () => {
  await using bed = await threeModels();
  await Deno.writeTextFile(pathOf(bed), EMPTIED);
  await bed.registry.markCompleted("aaaaaaaa", {});
  await assertAllThere(bed);
});

Deno.test("1.3.6 an empty registry whose models were deleted stays empty", async () => {
  await using bed = await threeModels();
  using log = new CapturedLog();
  for (const id of IDS) await Deno.remove(join(bed.folder, `models/centroid_${id}/model.json`));
  await Deno.writeTextFile(pathOf(bed), EMPTIED);
  assert.deepEqual(await (await ModelRegistry.open(bed.folder)).list(), []);
  assert.equal(await Deno.readTextFile(pathOf(bed)), EMPTIED);
  assert.deepEqual(log.lines, []);
});

async function filesNamed(bed: RegistryBed, beginning: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(bed.folder, "models/.registry")));
  return entries.map(({ name }) => name).filter((name) => name.startsWith(beginning));
}

Deno.test("1.3.6 manifest and backup damaged: both are kept, what is sound of both comes back", async () => {
  await using bed = await threeModels();
  using log = new CapturedLog();
  const folder = join(bed.folder, "models/.registry");
  const only = { id: "dddddddd", tags: "odd", status: "completed" };
  const text = JSON.stringify({ version: "1.0", models: { dddddddd: only } });
  await Deno.writeTextFile(join(folder, "manifest.backup.json"), text);
  await Deno.writeTextFile(pathOf(bed), "damaged");
  const registry = await reopened(bed);
  assert.deepEqual((await registry.list()).map(({ id }) => id).sort(), [...IDS, "dddddddd"]);
  await registry.markCompleted("aaaaaaaa", {});
  const [kept = "", ...others] = await filesNamed(bed, "manifest.backup.corrupted.");
  assert.deepEqual(others, []);
  assert.match(kept, /^manifest\.backup\.corrupted\.\d{8}_\d{6}-1\.json$/);
  assert.equal(await Deno.readTextFile(join(folder, kept)), text);
  assert.ok(log.lines.some((line) => line.startsWith("error: ") && line.includes(kept)));
  assert.equal((await keptFiles(bed)).length, 1);
});

Deno.test("1.3.6 manifest missing, backup damaged: the backup is kept", async () => {
  await using bed = await threeModels();
  await Deno.writeTextFile(join(bed.folder, "models/.registry/manifest.backup.json"), "torn");
  await Deno.remove(pathOf(bed));
  await assertAllThere(bed);
  const [kept = ""] = await filesNamed(bed, "manifest.backup.corrupted.");
  assert.equal(await Deno.readTextFile(join(bed.folder, "models/.registry", kept)), "torn");
});

Deno.test("1.3.6 a damaged backup stays in its place where nothing can be written", async () => {
  await using bed = await threeModels();
  await Deno.mkdir(`${pathOf(bed)}.tmp/in the way`, { recursive: true });
  const backup = join(bed.folder, "models/.registry/manifest.backup.json");
  await Deno.writeTextFile(backup, "torn");
  await Deno.writeTextFile(pathOf(bed), "damaged");
  assert.equal((await (await reopened(bed)).list()).length, 3);
  assert.equal(await Deno.readTextFile(backup), "torn");
  assert.deepEqual(await filesNamed(bed, "manifest.backup.corrupted."), []);
});

Deno.test("1.3.6 a rebuild names the model folders that it could not recover", async () => {
  await using bed = await threeModels();
  using log = new CapturedLog();
  const models = join(bed.folder, "models");
  for (const n of [1, 2, 3, 4, 5]) {
    await Deno.mkdir(join(models, `bottomup_0000000${n}`));
    await Deno.writeTextFile(join(models, `bottomup_0000000${n}/best.ckpt`), "checkpoint");
  }
  await Deno.remove(join(models, "centroid_bbbbbbbb/model.json"));
  await Deno.writeTextFile(pathOf(bed), "damaged");
  assert.equal((await (await reopened(bed)).list()).length, 3, "one came from the backup");
  const [warning = ""] = log.lines.filter((line) => line.startsWith("warning: "));
  assert.match(warning, /5 model folders have no readable model\.json/);
  assert.match(warning, /"bottomup_00000001", "bottomup_00000002", "bottomup_00000003", …/);
});
