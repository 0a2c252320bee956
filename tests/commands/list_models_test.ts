import assert from "node:assert/strict";
import { join } from "node:path";
import { type CliResult, runCli } from "../support/cli.ts";
import { RegistryBed } from "../support/registry.ts";

const OLD = "aaaa0001";
const BROKEN = "bbbb0002";
const NEW = "cccc0003";

async function threeModels(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.addCompleted({
    id: OLD,
    model_type: "centroid",
    run_name: "zebra",
    created_at: "2026-01-01T00:00:00.000Z",
    metadata: { dataset: "mice.pkg.slp" },
  }, 0.002);
  await bed.add({
    id: BROKEN,
    model_type: "bottomup",
    run_name: "ant",
    created_at: "2026-01-02T00:00:00.000Z",
    notes: "Ärger with the camera",
  });
  await bed.registry.markInterrupted(BROKEN, `models/bottomup_${BROKEN}/last.ckpt`, 7);
  await bed.addCompleted({
    id: NEW,
    model_type: "centroid",
    run_name: "mole",
    created_at: "2026-01-03T00:00:00.000Z",
    tags: ["night"],
  }, 0.001);
  return bed;
}

async function list(bed: RegistryBed, ...args: string[]): Promise<CliResult> {
  return await runCli(["list-models", ...args], { cwd: bed.folder });
}

async function ids(bed: RegistryBed, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await list(bed, "--json", ...args);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).map(({ id }: { id: string }) => id);
}

Deno.test("4.2.1 list-models shows all columns, newest first", async () => {
  await using bed = await threeModels();
  const { code, stdout, stderr } = await list(bed);
  assert.equal(code, 0);
  const [header = "", ...rows] = stdout.trimEnd().split("\n");
  assert.deepEqual(header.split(/ {2,}/), [
    "ID",
    "ALIAS",
    "TYPE",
    "STATUS",
    "EPOCHS",
    "VAL LOSS",
    "CREATED",
    "DATASET",
  ]);
  assert.deepEqual(rows.map((row) => row.slice(0, 8)), [NEW, BROKEN, OLD]);
  assert.match(rows[2] ?? "", /centroid {2}completed .* 5 +0\.002000 .* mice\.pkg\.slp$/);
  assert.equal(stderr, `registry: ${bed.folder}\n`);
});

Deno.test("4.2.1 list-models --json prints entries with checkpoint_exists and location", async () => {
  await using bed = await threeModels();
  const { stdout } = await list(bed, "--format", "json");
  const [newest, interrupted] = JSON.parse(stdout);
  assert.equal(newest.status, "completed");
  assert.equal(newest.checkpoint_exists, true);
  assert.equal(newest.location.root, bed.folder);
  assert.equal(interrupted.checkpoint_exists, false);
  assert.equal(interrupted.last_epoch, 7);
});

Deno.test("4.2.1 list-models filters", async () => {
  await using bed = await threeModels();
  assert.deepEqual(await ids(bed, "--status", "completed"), [NEW, OLD]);
  assert.deepEqual(await ids(bed, "--status", "training"), []);
  assert.deepEqual(await ids(bed, "--model-type", "bottomup"), [BROKEN]);
  assert.deepEqual(await ids(bed, "--model-type", "centroid", "--status", "interrupted"), []);
  assert.deepEqual(await ids(bed, "--search", "MICE"), [OLD]);
  assert.deepEqual(await ids(bed, "--search", "ärger"), [BROKEN]);
  assert.deepEqual(await ids(bed, "--search", "night"), [NEW]);
  assert.deepEqual(await ids(bed, "--search", "bbbb"), [BROKEN]);
});

Deno.test("4.2.1 list-models sorts, reverses and limits", async () => {
  await using bed = await threeModels();
  assert.deepEqual(await ids(bed, "--sort", "name"), [BROKEN, NEW, OLD]);
  assert.deepEqual(await ids(bed, "--sort", "type"), [BROKEN, NEW, OLD]);
  assert.deepEqual(await ids(bed, "--sort", "loss"), [NEW, OLD, BROKEN]);
  assert.deepEqual(await ids(bed, "--reverse"), [OLD, BROKEN, NEW]);
  assert.deepEqual(await ids(bed, "--limit", "2"), [NEW, BROKEN]);
});

Deno.test("4.3.2 list-models marks a checkpoint that is gone", async () => {
  await using bed = await threeModels();
  await Deno.remove(join(bed.folder, `models/centroid_${NEW}/best.ckpt`));
  const { stdout } = await list(bed);
  assert.match(stdout, new RegExp(`^${NEW} .*completed \\(checkpoint gone\\)`, "m"));
  const [entry] = JSON.parse((await list(bed, "--json")).stdout);
  assert.equal(entry.checkpoint_exists, false);
  assert.equal(entry.status, "completed");
});

Deno.test("4.3.1 list-models lists what is left of a damaged manifest, and says so", async () => {
  await using bed = await threeModels();
  const manifest = join(bed.folder, "models/.registry/manifest.json");
  const bytes = await Deno.readFile(manifest);
  await Deno.writeFile(manifest, bytes.subarray(0, bytes.length / 2));
  const { code, stdout, stderr } = await list(bed);
  assert.equal(code, 0);
  for (const id of [OLD, BROKEN, NEW]) assert.ok(stdout.includes(id), id);
  assert.match(stderr, /recovered 3 entries .* the damaged file is kept as ".*corrupted/);
});

Deno.test("list-models without a registry lists nothing, makes nothing, says where it looked", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const table = await runCli(["list-models"], { cwd: folder });
    assert.equal(table.code, 0);
    assert.equal(table.stdout, "");
    assert.match(table.stderr, /No models in .*home\nhint: Train one/);
    assert.equal((await runCli(["list-models", "--json"], { cwd: folder })).stdout, "[]\n");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("list-models says when only the filters leave nothing", async () => {
  await using bed = await threeModels();
  const { stderr } = await list(bed, "--search", "nothing like it");
  assert.match(stderr, /None of the 3 models in .* fits these filters/);
});

Deno.test("list-models finds the registry from a folder below, by option and by environment", async () => {
  await using bed = await threeModels();
  const below = join(bed.folder, "a", "b");
  await Deno.mkdir(below, { recursive: true });
  assert.match((await runCli(["list-models"], { cwd: below })).stdout, new RegExp(NEW));
  const elsewhere = await Deno.makeTempDir();
  try {
    const byOption = await runCli(["list-models", "--registry", bed.folder], { cwd: elsewhere });
    assert.match(byOption.stdout, new RegExp(NEW));
    assert.equal(byOption.stderr, "");
    const env = { SLEAP_RTC_REGISTRY: bed.folder };
    const byEnvironment = await runCli(["list-models"], { cwd: elsewhere, env });
    assert.match(byEnvironment.stdout, new RegExp(NEW));
  } finally {
    await Deno.remove(elsewhere, { recursive: true });
  }
});
