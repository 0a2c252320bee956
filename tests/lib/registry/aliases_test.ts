import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const A = "aaaa0001";
const B = "bbbb0002";

async function twoModels(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.add({ id: A, model_type: "centroid" });
  await bed.add({ id: B, model_type: "centered_instance" });
  return bed;
}

/** Map and fields as they are on the disk. */
async function stored(bed: RegistryBed): Promise<{ map: unknown; fields: unknown }> {
  const path = join(bed.folder, "models/.registry/manifest.json");
  const { aliases, models } = JSON.parse(await Deno.readTextFile(path));
  return { map: aliases, fields: { [A]: models[A].alias, [B]: models[B].alias } };
}

Deno.test("AL2, AL3, MX5-MX8 setAlias() names a model in map and entry, in one save", async () => {
  await using bed = await twoModels();
  const { revision = 0 } = await bed.registry.resolve(A);
  assert.equal(await bed.registry.setAlias("aaaa", "mouse-v2"), null);
  assert.deepEqual(await stored(bed), {
    map: { "mouse-v2": A },
    fields: { [A]: "mouse-v2", [B]: null },
  });
  assert.equal((await bed.registry.resolve("mouse-v2")).id, A);
  assert.equal((await bed.registry.resolve(A)).revision, Number(revision) + 1);
  await bed.registry.setAlias("mouse-v2", "mouse-v2");
  assert.equal((await bed.registry.resolve(A)).revision, Number(revision) + 1, "nothing changed");
});

Deno.test("AL34-AL36 a new alias replaces the old one", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "first");
  await bed.registry.setAlias("first", "second");
  assert.deepEqual(await stored(bed), { map: { second: A }, fields: { [A]: "second", [B]: null } });
  await assert.rejects(bed.registry.resolve("first"), NotFoundError);
});

Deno.test("AL6, AL7, AL10, MX9, MX10 a taken alias: its holder, a free one, nothing changed", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "mouse");
  const before = await stored(bed);
  await assert.rejects(bed.registry.setAlias(B, "mouse"), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.message, `Alias "mouse" is taken by centroid model ${A}`);
    assert.match(error.hint ?? "", /--force, or choose another: "mouse-v2" is free/);
    return true;
  });
  assert.deepEqual(await stored(bed), before);
});

Deno.test("AL9, AL11, AL12 force moves an alias and logs whose it was", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "mouse");
  await bed.registry.setAlias(B, "rat");
  using log = new CapturedLog();
  assert.equal(await bed.registry.setAlias(B, "mouse", { force: true }), A);
  assert.match(
    log.lines.join("\n"),
    new RegExp(`"mouse" is taken from model ${A} and given to model ${B}`),
  );
  assert.deepEqual(await stored(bed), { map: { mouse: B }, fields: { [A]: null, [B]: "mouse" } });
  for (const [id, type] of [[A, "centroid"], [B, "centered_instance"]]) {
    const copy = join(bed.folder, `models/${type}_${id}/model.json`);
    assert.equal(JSON.parse(await Deno.readTextFile(copy)).alias, id === B ? "mouse" : null);
  }
});

Deno.test("AL27-AL30, MX19-MX21 removeAlias() leaves the model, which its ID still names", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "mouse");
  assert.equal(await bed.registry.removeAlias("mouse"), "mouse");
  assert.deepEqual(await stored(bed), { map: {}, fields: { [A]: null, [B]: null } });
  assert.equal((await bed.registry.resolve(A)).id, A);
  assert.equal(await bed.registry.removeAlias(A), null, "it has none");
  await assert.rejects(bed.registry.removeAlias("mouse"), NotFoundError);
});

Deno.test("AL31-AL33 aliases() lists them in alphabetical order, with types", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "zebra");
  await bed.registry.setAlias(B, "ant");
  assert.deepEqual(await bed.registry.aliases(), [
    { alias: "ant", id: B, modelType: "centered_instance" },
    { alias: "zebra", id: A, modelType: "centroid" },
  ]);
});

Deno.test("AL59 no way into the registry makes an alias bad or someone else's", async () => {
  await using bed = await twoModels();
  const { registry } = bed;
  await registry.setAlias(A, "mouse");
  await assert.rejects(registry.setAlias(B, "a b"), UsageError);
  await assert.rejects(registry.setAlias(B, "a b", { force: true }), UsageError);
  await assert.rejects(
    registry.update(B, (entry) => ({ ...entry, alias: "mouse" })),
    ConflictError,
  );
  await assert.rejects(registry.update(B, (entry) => ({ ...entry, alias: "-" })), UsageError);
  await assert.rejects(
    bed.add({ id: "cccc0003", model_type: "centroid", alias: "all" }),
    UsageError,
  );
  await registry.update(A, (entry) => ({ ...entry, alias: "rat" }));
  assert.deepEqual(await stored(bed), { map: { rat: A }, fields: { [A]: "rat", [B]: null } });
});

Deno.test("register() gives a new model its alias, and warns where it is taken", async () => {
  await using bed = await RegistryBed.create();
  const model = { model_type: "centroid", alias: "mouse", job_id: "job_00000001", model_index: 0 };
  await bed.add({ ...model, id: A });
  using log = new CapturedLog();
  await bed.add({ ...model, id: B, job_id: "job_00000002" });
  assert.match(
    log.lines.join("\n"),
    new RegExp(`"mouse" is taken by model ${A}: model ${B} is registered without`),
  );
  assert.equal((await bed.registry.resolve("mouse")).id, A);
  assert.equal((await bed.registry.resolve(B)).alias, null);
  await bed.registry.removeAlias(A);
  await bed.add({ ...model, id: A });
  assert.equal((await bed.registry.resolve(A)).alias, null, "repeating it changes nothing");
});

Deno.test("checkFreeAlias() refuses what a new model cannot be called", async () => {
  await using bed = await twoModels();
  await bed.registry.setAlias(A, "mouse");
  await bed.registry.checkFreeAlias("rat");
  await assert.rejects(bed.registry.checkFreeAlias("latest"), UsageError);
  await assert.rejects(bed.registry.checkFreeAlias("mouse"), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.hint ?? "", /"mouse-v2" is free.*tag-model MODEL --alias NAME --force/);
    return true;
  });
});

Deno.test("MX48, MX51 models of a file without the map, or without the field, keep their names", async () => {
  await using bed = await twoModels();
  const path = join(bed.folder, "models/.registry/manifest.json");
  const manifest = JSON.parse(await Deno.readTextFile(path));
  manifest.models[A].alias = "field-only";
  delete manifest.models[B].alias;
  manifest.aliases = { "map-only": B };
  await Deno.writeTextFile(path, JSON.stringify(manifest));
  const registry = await ModelRegistry.open(bed.folder);
  assert.equal((await registry.resolve("field-only")).id, A);
  assert.equal((await registry.resolve("map-only")).alias, "map-only");
  delete manifest.aliases;
  await Deno.writeTextFile(path, JSON.stringify(manifest));
  assert.equal((await registry.resolve("field-only")).id, A);
  await registry.setAlias(B, "other");
  assert.deepEqual(await stored(bed), {
    map: { "field-only": A, other: B },
    fields: { [A]: "field-only", [B]: "other" },
  });
});

Deno.test("an alias of a model that is gone is free again", async () => {
  await using bed = await twoModels();
  const path = join(bed.folder, "models/.registry/manifest.json");
  const manifest = JSON.parse(await Deno.readTextFile(path));
  manifest.aliases = { mouse: "cccc0003" };
  await Deno.writeTextFile(path, JSON.stringify(manifest));
  const registry = await ModelRegistry.open(bed.folder);
  await assert.rejects(
    registry.resolve("mouse"),
    /Alias "mouse" names model cccc0003, which is gone/,
  );
  await registry.setAlias(A, "mouse");
  assert.equal((await registry.resolve("mouse")).id, A);
});

Deno.test("1.3.6 aliases come back with a rebuild: from the manifest, backup or model.json", async () => {
  for (const lost of ["none", "manifest", "both"]) {
    await using bed = await twoModels();
    await bed.registry.setAlias(A, "mouse");
    await bed.registry.setAlias(B, "rat");
    const folder = join(bed.folder, "models/.registry");
    if (lost !== "none") await Deno.writeTextFile(join(folder, "manifest.json"), "{");
    if (lost === "both") await Deno.remove(join(folder, "manifest.backup.json"));
    await bed.registry.rebuild();
    assert.deepEqual(await stored(bed), {
      map: { mouse: A, rat: B },
      fields: { [A]: "mouse", [B]: "rat" },
    }, lost);
  }
});
