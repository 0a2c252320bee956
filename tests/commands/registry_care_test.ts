import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { RegistryBed } from "../support/registry.ts";

const ID = "a3f5e8c9";

function cli(bed: RegistryBed, ...args: string[]) {
  return runCli(["registry", ...args], { cwd: bed.folder });
}

async function oneModel(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.addCompleted({ id: ID, model_type: "centroid" }, 0.5);
  return bed;
}

Deno.test("registry verify: exit 0 for a sound one; a line for each fault and exit 7 otherwise", async () => {
  await using bed = await oneModel();
  const sound = await cli(bed, "verify");
  assert.deepEqual([sound.code, sound.stdout], [0, "1 model, all as recorded\n"]);
  await Deno.remove(join(bed.folder, "models", `centroid_${ID}`, "best.ckpt"));
  const { code, stdout, stderr } = await cli(bed, "verify");
  assert.equal(code, 7);
  assert.equal(
    stdout,
    `model ${ID}: its checkpoint "models/centroid_${ID}/best.ckpt" is gone. ` +
      `Put it back, or delete the model: sleap-rtc delete-model ${ID}\n`,
  );
  assert.match(stderr, /error: 1 thing is wrong in registry/);
  const json = await cli(bed, "verify", "--json");
  assert.equal(json.code, 7);
  const { models, faults } = JSON.parse(json.stdout);
  assert.deepEqual([models, faults[0].kind, faults[0].model], [1, "missing_file", ID]);
});

Deno.test("registry rebuild says what came back and from where, and refuses a newer version: exit 7", async () => {
  await using bed = await oneModel();
  const manifest = join(bed.folder, "models", ".registry", "manifest.json");
  await Deno.remove(join(bed.folder, "models", ".registry", "manifest.backup.json"));
  await Deno.writeTextFile(manifest, "{");
  const { code, stdout, stderr } = await cli(bed, "rebuild");
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    new RegExp(
      `^centroid ${ID} came back: from its model.json\nthe damaged manifest is kept as .*\n1 model\n$`,
    ),
  );
  const again = await cli(bed, "rebuild", "--json");
  assert.deepEqual(JSON.parse(again.stdout).returned, []);
  const stats = await cli(bed, "stats");
  assert.match(stats.stdout, /\(rebuilt after damage: the counters may be too low\)/);
  assert.equal(JSON.parse((await cli(bed, "stats", "--json")).stdout).counters_complete, false);
  const newer = { ...JSON.parse(await Deno.readTextFile(manifest)), version: "9.0" };
  await Deno.writeTextFile(manifest, JSON.stringify(newer));
  const refused = await cli(bed, "rebuild");
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, /version 9.0 is newer than this program/);
});

Deno.test("registry path prints the root that commands use, alone", async () => {
  await using bed = await oneModel();
  const { code, stdout, stderr } = await cli(bed, "path");
  assert.deepEqual([code, stdout, stderr], [0, `${bed.folder}\n`, ""]);
  const json = await cli(bed, "path", "--json", "--registry", "/lab");
  assert.deepEqual(JSON.parse(json.stdout), {
    root: "/lab",
    manifest: "/lab/models/.registry/manifest.json",
    found: "option",
  });
});

Deno.test("registry gc on a pipe shows what would be removed, and removes it with --yes alone", async () => {
  await using bed = await oneModel();
  await bed.add({ id: "b4000000", model_type: "centroid" });
  await bed.registry.markInterrupted("b4000000", "models/centroid_b4000000/last.ckpt", 1);
  const checkpoint = join(bed.folder, "models", "centroid_b4000000", "last.ckpt");
  await Deno.writeTextFile(checkpoint, "x".repeat(2000));
  assert.equal((await cli(bed, "gc")).stdout, "nothing to remove\n");
  await bed.registry.abandon("b4000000");
  const shown = await cli(bed, "gc");
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(
    shown.stdout,
    /kB {2}abandoned centroid model b4000000 {2}models\/centroid_b4000000/,
  );
  assert.match(shown.stderr, /Nothing is removed. To remove it: add --yes/);
  assert.equal((await cli(bed, "gc", "--yes", "--dry-run", "--json")).code, 0);
  assert.ok((await Deno.stat(checkpoint)).isFile);
  assert.match((await cli(bed, "gc", "--yes", "--older-than", "1")).stdout, /nothing to remove/);
  const removed = await cli(bed, "gc", "--yes", "--json");
  const document = JSON.parse(removed.stdout);
  assert.equal(document.removed, true);
  assert.ok(document.bytes > 2000);
  assert.deepEqual(
    document.items.map(({ kind, model }: { kind: string; model: string }) => [kind, model]),
    [["model", "b4000000"]],
  );
  await assert.rejects(Deno.stat(checkpoint));
  assert.deepEqual((await bed.registry.list()).map(({ id }) => id), [ID]);
  assert.equal((await cli(bed, "gc", "--older-than", "x")).code, 2);
});
