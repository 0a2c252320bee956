import assert from "node:assert/strict";
import { join } from "node:path";
import { FileLock } from "../../lib/files/lock.ts";
import { displayWidth } from "../../lib/terminal/width.ts";
import { type CliResult, runCli } from "../support/cli.ts";
import { findPython } from "../support/python.ts";
import { RegistryBed } from "../support/registry.ts";

const OLD = "aaaa0001";
const BROKEN = "bbbb0002";
const NEW = "cccc0003";

const python = await findPython("pty");
const ignore = python === null && Deno.env.get("CI") !== "true";

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

Deno.test("4.2.1 list-models counts the epochs of an interrupted model", async () => {
  await using bed = await threeModels();
  const { stdout } = await list(bed, "--status", "interrupted");
  assert.match(stdout, /interrupted \(checkpoint gone\) {2}8 /);
});

Deno.test("AL41 list-models cuts a long alias, JSON does not", async () => {
  await using bed = await threeModels();
  const alias = "a-very-long-alias";
  await bed.registry.update(NEW, (entry) => ({ ...entry, alias }));
  assert.match((await list(bed)).stdout, new RegExp(`^${NEW} {2}a-very-long-al… {2}centroid`, "m"));
  assert.equal(JSON.parse((await list(bed, "--json")).stdout)[0].alias, alias);
});

Deno.test("list-models marks a training that nobody looks after", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: NEW, model_type: "centroid", job_id: "job_00000001", model_index: 0 });
  await Deno.mkdir(join(bed.folder, "jobs/job_00000001"), { recursive: true });
  const lock = await FileLock.acquire(join(bed.folder, "jobs/job_00000001/job.lock"));
  const [supervised] = JSON.parse((await list(bed, "--json")).stdout);
  assert.equal("supervised" in supervised, false);
  assert.match((await list(bed)).stdout, / training {2}/);
  lock.release();
  const [orphan] = JSON.parse((await list(bed, "--json")).stdout);
  assert.equal(orphan.supervised, false);
  assert.equal(orphan.status, "training");
  assert.match((await list(bed)).stdout, / training \(no supervisor\) {2}/);
});

Deno.test("list-models shows a model whose job ID is odd", async () => {
  await using bed = await RegistryBed.create();
  const odd = ["job_\0", "../..", 7, { a: 1 }];
  for (const index of odd.keys()) await bed.add({ id: `aaaa000${index}`, model_type: "centroid" });
  const path = join(bed.folder, "models/.registry/manifest.json");
  const manifest = JSON.parse(await Deno.readTextFile(path));
  for (const [index, job_id] of odd.entries()) manifest.models[`aaaa000${index}`].job_id = job_id;
  await Deno.writeTextFile(path, JSON.stringify(manifest));
  const { code, stdout } = await list(bed);
  assert.equal(code, 0);
  assert.equal(stdout.match(/^aaaa000\d .*training \(no supervisor\)/gm)?.length, odd.length);
});

Deno.test({
  name: "list-models is coloured on a terminal, unless NO_COLOR is set",
  ignore,
  async fn() {
    await using bed = await threeModels();
    assert.ok(python !== null, "no Python to open a terminal with");
    const args = ["list-models", "--registry", bed.folder];
    const terminal = { cwd: bed.folder, terminalOf: python };
    const coloured = await runCli(args, { ...terminal, env: { NO_COLOR: "" } });
    assert.equal(coloured.code, 0);
    const shown = coloured.stdout.replaceAll("\x1b", "ESC");
    assert.match(shown, /^ESC\[1mIDESC\[0m {8}ESC\[1mALIAS/);
    assert.match(shown, /ESC\[32mcompletedESC\[0m {20} {2}5 /);
    assert.match(shown, /ESC\[31minterrupted \(checkpoint gone\)ESC\[0m {2}8 /);
    const plain = await runCli(args, terminal);
    assert.equal(
      plain.stdout,
      (await runCli(args, { cwd: bed.folder })).stdout.replaceAll("\n", "\r\n"),
    );
  },
});

Deno.test({
  name: "list-models shortens the data set, then the alias, on a narrow terminal",
  ignore,
  async fn() {
    await using bed = await RegistryBed.create();
    assert.ok(python !== null, "no Python to open a terminal with");
    const dataset = "mice-of-the-long-night.pkg.slp";
    await bed.addCompleted({ id: NEW, model_type: "centroid", metadata: { dataset } }, 0.001);
    const args = ["list-models", "--registry", bed.folder];
    const narrow = await runCli(args, { cwd: bed.folder, terminalOf: python, columns: 85 });
    const [header = "", row = ""] = narrow.stdout.split("\r\n");
    assert.ok(header.endsWith("  DATASET"), header);
    assert.match(row, / {2}mice-of-t.*…$/);
    assert.equal(displayWidth(row), 85);
    assert.ok((await list(bed)).stdout.includes(dataset));
  },
});

Deno.test("list-models keeps stored control characters away from the terminal", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: NEW, model_type: "centroid", metadata: { dataset: "a\x1b[2J\nb" } });
  const { stdout } = await list(bed);
  assert.match(stdout, /a\\x1b\[2J\\nb\n$/);
  assert.equal(stdout.split("\n").length, 3);
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

Deno.test("list-models of a folder that is not there warns; of a file: exit 2", async () => {
  await using bed = await threeModels();
  const missing = await list(bed, "--registry", "gone", "--json");
  assert.equal(missing.code, 0);
  assert.equal(missing.stdout, "[]\n");
  assert.match(missing.stderr, /warning: there is no folder ".*gone"\n/);
  const file = await list(bed, "--registry", "models/.registry/manifest.json");
  assert.equal(file.code, 2);
  assert.match(file.stderr, /^error: ".*manifest\.json" is a file.*\nhint: /);
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
