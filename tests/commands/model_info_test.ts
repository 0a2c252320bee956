import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../lib/files/hash.ts";
import { runCli } from "../support/cli.ts";
import { findPython } from "../support/python.ts";
import { RegistryBed } from "../support/registry.ts";

const ID = "aaaa0001";
const python = await findPython("pty");

async function oneModel(): Promise<RegistryBed> {
  const bed = await RegistryBed.create();
  await bed.addCompleted({
    id: ID,
    model_type: "centroid",
    run_name: "night",
    metadata: { dataset: "mice.pkg.slp", gpu_model: "NVIDIA H100", room: "B12" },
    job_id: "job_12345678",
    model_index: 0,
    training_hyperparameters: { learning_rate: 0.001 },
    of_another_program: { kept: true },
  }, 0.002);
  return bed;
}

Deno.test("4.2.2 model-info shows every stored field of a known ID", async () => {
  await using bed = await oneModel();
  const { code, stdout } = await runCli(["model-info", ID], { cwd: bed.folder });
  assert.equal(code, 0);
  const expected = [
    `Model: ${ID}`,
    "centroid",
    "completed",
    "night",
    "0.002000 (best, epoch 5)",
    "mice.pkg.slp",
    "NVIDIA H100",
    "B12",
    `models/centroid_${ID}/best.ckpt (exists)`,
    join(bed.folder, "jobs/job_12345678/log.txt"),
    "learning_rate",
    'of_another_program  {"kept":true}',
  ];
  for (const text of expected) assert.ok(stdout.includes(text), text);
});

Deno.test("4.2.2 model-info --json prints the entry as list-models does", async () => {
  await using bed = await oneModel();
  const info = await runCli(["model-info", ID, "--json"], { cwd: bed.folder });
  const list = await runCli(["list-models", "--json"], { cwd: bed.folder });
  assert.deepEqual(JSON.parse(info.stdout), JSON.parse(list.stdout)[0]);
});

Deno.test("4.2.2 model-info takes four characters of an ID, in any case", async () => {
  await using bed = await oneModel();
  const { code, stdout } = await runCli(["model-info", "AAAA"], { cwd: bed.folder });
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^Model: ${ID}`));
});

Deno.test("4.2.2 model-info of an unknown ID: exit 3 and the nearest one", async () => {
  await using bed = await oneModel();
  const { code, stdout, stderr } = await runCli(["model-info", "aaab0001"], { cwd: bed.folder });
  assert.equal(code, 3);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /error: No model "aaab0001" in this registry\nhint: Did you mean aaaa0001\?/,
  );
});

Deno.test("model-info of an ambiguous prefix: exit 3 and the candidates", async () => {
  await using bed = await oneModel();
  await bed.add({ id: "aaaa0002", model_type: "centroid" });
  const { code, stderr } = await runCli(["model-info", "aaaa"], { cwd: bed.folder });
  assert.equal(code, 3);
  assert.match(stderr, /"aaaa" is ambiguous.*\nhint: Name one of: aaaa0001, aaaa0002/);
});

Deno.test("model-info of an exact ID that begins others is not ambiguous", async () => {
  await using bed = await oneModel();
  assert.equal(await bed.add({ id: ID, model_type: "centroid" }), `${ID}-2`);
  const { stdout } = await runCli(["model-info", ID], { cwd: bed.folder });
  assert.match(stdout, new RegExp(`^Model: ${ID}\n`));
});

Deno.test("4.3.2 model-info marks a checkpoint that is gone and exits 0", async () => {
  await using bed = await oneModel();
  await Deno.remove(join(bed.folder, `models/centroid_${ID}/best.ckpt`));
  const { code, stdout } = await runCli(["model-info", ID], { cwd: bed.folder });
  assert.equal(code, 0);
  assert.match(stdout, /best\.ckpt \(MISSING\)/);
  const json = await runCli(["model-info", ID, "--json"], { cwd: bed.folder });
  assert.equal(JSON.parse(json.stdout).checkpoint_exists, false);
});

Deno.test("model-info says whether the configuration is there, and shows the only attempt", async () => {
  await using bed = await oneModel();
  const config_path = `models/centroid_${ID}/training_config.yaml`;
  const attempt = { job_id: "job_1", attempt: 1, first_epoch: 0, last_epoch: 4 };
  await bed.registry.update(ID, (entry) => ({ ...entry, config_path, attempts: [attempt] }));
  const { stdout } = await runCli(["model-info", ID], { cwd: bed.folder });
  assert.match(stdout, /training_config\.yaml \(MISSING\)/);
  assert.match(stdout, /Attempt 1 {2}job_1, epochs 1 to 5/);
});

Deno.test("model-info --verify hashes the checkpoint: as recorded, or CHANGED and exit 7", async () => {
  await using bed = await oneModel();
  const path = join(bed.folder, `models/centroid_${ID}/best.ckpt`);
  const sha256 = await sha256File(path);
  const show = (...args: string[]) => runCli(["model-info", ID, ...args], { cwd: bed.folder });
  assert.match((await show("--verify")).stdout, /state +its SHA-256 is \w{64}, none is recorded/);
  const checkpoint = { epoch: 4, sha256, bytes: 10 };
  await bed.registry.update(ID, (entry) => ({ ...entry, checkpoint }));
  assert.match((await show()).stdout, /state +its size is as recorded/);
  const good = await show("--verify");
  assert.equal(good.code, 0);
  assert.match(good.stdout, /state +its SHA-256 is as recorded/);
  await Deno.writeTextFile(path, "CHECKPOINT");
  assert.match((await show()).stdout, /state +its size is as recorded/);
  const bad = await show("--verify", "--json");
  assert.equal(bad.code, 7);
  assert.equal(JSON.parse(bad.stdout).checkpoint_unchanged, false);
  assert.equal(JSON.parse(bad.stdout).checkpoint_sha256, await sha256File(path));
  assert.match(bad.stderr, /was changed since it was recorded/);
  await Deno.writeTextFile(path, "longer than it was");
  const longer = await show();
  assert.equal(longer.code, 0);
  assert.match(longer.stdout, /state +CHANGED: it has 18 bytes/);
});

Deno.test("model-info draws the losses of all attempts: on a terminal, or with --plot", async () => {
  await using bed = await oneModel();
  const folder = join(bed.folder, `models/centroid_${ID}`);
  const header = "epoch,train/loss,val/loss,learning_rate\n";
  const second = join(folder, "attempts/attempt-2");
  await Deno.mkdir(second, { recursive: true });
  await Deno.writeTextFile(
    join(folder, "training_log.csv"),
    `${header}0,1.0,0.9,0.1\n1,0.9,0.8,0.1\n2,0.8,0.7,0.1\n`,
  );
  await Deno.writeTextFile(join(second, "training_log.csv"), `${header}2,0.7,0.6,0.1\n`);
  const started_from = { path: "models/x/last.ckpt", epoch: 1, sha256: "0".repeat(64) };
  const attempts = [
    { job_id: "job_1", attempt: 1, first_epoch: 0, last_epoch: 2 },
    { job_id: "job_2", attempt: 2, first_epoch: 2, last_epoch: 2, started_from },
  ];
  await bed.registry.update(ID, (entry) => ({ ...entry, attempts }));
  const piped = await runCli(["model-info", ID], { cwd: bed.folder });
  assert.doesNotMatch(piped.stdout, /Losses/);
  assert.match(piped.stdout, /from +models\/x\/last\.ckpt, epoch 2, SHA-256 0{64}/);
  const env = { LC_ALL: "C" };
  const drawn = await runCli(["model-info", ID, "--plot"], { cwd: bed.folder, env });
  assert.match(drawn.stdout, /\nLosses\n\. training loss {3}\* validation loss\n 1\.000 \|/);
  assert.match(drawn.stdout, / 1 +3\n$/);
  const { stdout } = await runCli(["model-info", ID, "--plot", "--json"], { cwd: bed.folder });
  assert.deepEqual(JSON.parse(stdout).loss_curve, [
    { epoch: 0, train_loss: 1, val_loss: 0.9 },
    { epoch: 1, train_loss: 0.9, val_loss: 0.8 },
    { epoch: 2, train_loss: 0.7, val_loss: 0.6 },
  ]);
});

Deno.test({
  name: "model-info on a terminal draws into its width",
  ignore: python === null && Deno.env.get("CI") !== "true",
  async fn() {
    assert.ok(python !== null, "no Python to open a terminal with");
    await using bed = await oneModel();
    const log = "epoch,train/loss,val/loss,learning_rate\n0,1.0,0.9,0.1\n1,0.9,0.8,0.1\n";
    await Deno.writeTextFile(join(bed.folder, `models/centroid_${ID}/training_log.csv`), log);
    const { stdout } = await runCli(["model-info", ID], {
      cwd: bed.folder,
      env: { LC_ALL: "C.UTF-8" },
      terminalOf: python,
      columns: 50,
    });
    const [, plot = ""] = stdout.split("Losses\r\n");
    assert.match(plot, /└─+\r\n/);
    assert.equal(Math.max(...plot.split("\r\n").map((line) => line.length)), 50);
  },
});
