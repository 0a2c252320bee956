import assert from "node:assert/strict";
import { readCheckpoint } from "../../../lib/sleap_nn/checkpoint_file.ts";
import { TrainerBed } from "../trainer_bed.ts";

Deno.test("--version prints the release, or what the script says", async () => {
  await using bed = await TrainerBed.create();
  assert.deepEqual((await bed.start(["--version"]).ended).stdout, ["sleap-nn 0.3.5"]);
  await bed.setScript({ versionOutput: "sleap-nn 9.9.9" });
  assert.deepEqual((await bed.start(["--version"]).ended).stdout, ["sleap-nn 9.9.9"]);
});

Deno.test("takes the configuration as --config, too, without PATH and HOME", async () => {
  await using bed = await TrainerBed.create();
  const { code } = await new Deno.Command(bed.wrapper, {
    args: ["train", "--config", await bed.configure()],
    clearEnv: true,
    env: { TMPDIR: bed.path("tmp") },
    stdout: "null",
    stderr: "null",
  }).output();
  assert.equal(code, 0);
});

for (const stage of ["start", "epoch", "save", "saved", "evaluation"] as const) {
  Deno.test(`fails at ${stage} when the script says so`, async () => {
    const stderr = ["torch.OutOfMemoryError: CUDA out of memory."];
    await using bed = await TrainerBed.create({ failAt: { stage, epoch: epochOf(stage), stderr } });
    const ended = await bed.train();
    assert.equal(ended.code, 1);
    assert.equal(ended.stderr.at(-1), stderr[0]);
    const finished = ended.stdout.some((line) => line.includes("Finished training at:"));
    assert.equal(finished, stage === "evaluation");
  });
}

Deno.test("fails with the exit code of the script", async () => {
  await using bed = await TrainerBed.create({ failAt: { epoch: 1, exitCode: 77 } });
  assert.equal((await bed.train()).code, 77);
});

Deno.test("can finish and exit 0 without a model", async () => {
  await using bed = await TrainerBed.create({ exitZeroWithoutModel: true });
  const { code, stdout } = await bed.train();
  assert.equal(code, 0);
  assert.ok(stdout.some((line) => line.includes("Finished training at:")));
  await assert.rejects(Deno.stat(bed.path("runs", "base", "best.ckpt")), Deno.errors.NotFound);
});

Deno.test("a failing evaluation leaves a trained model and exits 1", async () => {
  await using bed = await TrainerBed.create({ evaluationFails: true });
  const { code, stdout, stderr } = await bed.train();
  assert.equal(code, 1);
  assert.match(stderr.at(-1) ?? "", /^Exception: Empty Frame Pairs/);
  assert.ok(stdout.some((line) => line.includes("Finished training at:")));
  assert.ok((await readCheckpoint(bed.path("runs", "base", "best.ckpt"))).ok);
});

Deno.test("truncates the checkpoints that the script names", async () => {
  await using bed = await TrainerBed.create({ truncateCheckpoint: { epoch: 2, file: "last" } });
  assert.equal((await bed.train()).code, 0);
  assert.ok((await readCheckpoint(bed.path("runs", "base", "best.ckpt"))).ok);
  const last = await readCheckpoint(bed.path("runs", "base", "last.ckpt"));
  assert.equal(last.ok ? null : last.reason, "truncated");
});

Deno.test("an evaluation cannot load a truncated best.ckpt", async () => {
  await using bed = await TrainerBed.create({ truncateCheckpoint: true });
  const { code, stderr } = await bed.train();
  assert.equal(code, 1);
  assert.match(stderr.at(-1) ?? "", /^RuntimeError: PytorchStreamReader failed/);
});

Deno.test("prints the key of Weights & Biases on request, from configuration or environment", async () => {
  await using bed = await TrainerBed.create({ printSecret: true });
  const { stdout, stderr } = await bed.train({ "trainer_config.wandb.api_key": "s3cret" });
  assert.ok(stderr.includes("wandb: API key s3cret"));
  assert.ok(stdout.includes("    api_key: s3cret"));
});

Deno.test("a setting can be meant for one type of model", async () => {
  await using bed = await TrainerBed.create({
    models: { centered_instance: { failAt: { stage: "start" } } },
  });
  assert.equal((await bed.train()).code, 0);
  const head = { "model_config.head_configs": { centered_instance: { confmaps: {} } } };
  assert.equal((await bed.train(head)).code, 1);
});

Deno.test("takes losses and batches from the script", async () => {
  await using bed = await TrainerBed.create({
    batchesPerEpoch: 2,
    trainLosses: [0.5, null],
    valLosses: [0.25, 0.125],
  });
  await bed.train();
  const log = await Deno.readTextFile(bed.path("runs", "base", "training_log.csv"));
  const [, ...rows] = log.trimEnd().split("\r\n").map((row) => row.split(",").slice(1, 3));
  assert.deepEqual(rows.slice(0, 2), [["", "0.25"], ["0.5", "0.125"]]);
  assert.equal(rows[2]?.[0], "nan");
  const last = await readCheckpoint(bed.path("runs", "base", "last.ckpt"));
  assert.equal(last.ok && last.globalStep, 6);
});

Deno.test("records how it was started", async () => {
  await using bed = await TrainerBed.create();
  const starts = bed.path("starts.ndjson");
  await bed.setScript({ recordTo: starts });
  const trainer = bed.start(["train", await bed.configure()]);
  await trainer.ended;
  const { pid, args, cwd, env } = JSON.parse(await Deno.readTextFile(starts));
  assert.equal(pid, trainer.pid);
  assert.deepEqual([args, cwd], [["train", bed.path("config.yaml")], bed.folder]);
  assert.equal(env.TMPDIR, bed.path("tmp"));
});

Deno.test("writes checkpoints by way of TMPDIR and leaves nothing there", async () => {
  await using bed = await TrainerBed.create();
  using watcher = Deno.watchFs(bed.path("tmp"));
  await bed.train();
  await Deno.writeTextFile(bed.path("tmp", "end"), "");
  const seen = new Set<string>();
  for await (const { paths: [path = ""] } of watcher) {
    if (path.endsWith("/end")) break;
    seen.add(path);
  }
  assert.equal(seen.size, 6);
  for (const path of seen) await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});

function epochOf(stage: string): number {
  return stage === "epoch" || stage.startsWith("save") ? 1 : 0;
}
