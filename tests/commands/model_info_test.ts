import assert from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../support/cli.ts";
import { RegistryBed } from "../support/registry.ts";

const ID = "aaaa0001";

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
