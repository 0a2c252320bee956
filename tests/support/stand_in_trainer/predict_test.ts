import assert from "node:assert/strict";
import { TrainerBed } from "../trainer_bed.ts";

async function withModel(bed: TrainerBed): Promise<string[]> {
  await Deno.mkdir(bed.path("model"));
  await Deno.writeTextFile(bed.path("model/best.ckpt"), "weights");
  await Deno.writeTextFile(bed.path("model/training_config.yaml"), "");
  await Deno.writeTextFile(bed.path("clip.mp4"), "a video");
  const io = ["--data_path", bed.path("clip.mp4"), "--output_path", bed.path("out.slp")];
  return ["--gui", ...io, "--model_paths", bed.path("model")];
}

Deno.test("predict --gui prints the recorded lines and writes a file", async () => {
  await using bed = await TrainerBed.create();
  const args = await withModel(bed);
  const { code, stdout } = await bed.start(["predict", ...args, "--tracking"]).ended;
  assert.equal(code, 0);
  assert.deepEqual(stdout.map((line) => JSON.parse(line).n_processed), [4, 8, 10, 1, 10]);
  assert.deepEqual(Object.keys(JSON.parse(stdout[0] ?? "")), [
    "n_processed",
    "n_total",
    "rate",
    "eta",
  ]);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(bed.path("out.slp"))).models, ["weights"]);
});

Deno.test("the same models and data give the same file", async () => {
  await using bed = await TrainerBed.create();
  const args = await withModel(bed);
  const files: string[] = [];
  for (let run = 0; run < 2; run++) {
    await bed.start(["predict", ...args]).ended;
    files.push(await Deno.readTextFile(bed.path("out.slp")));
  }
  assert.equal(files[0], files[1]);
});

Deno.test("predict ends with its error as JSON, track without", async () => {
  await using bed = await TrainerBed.create({ failAt: { stage: "half" } });
  const args = await withModel(bed);
  const predicted = await bed.start(["predict", ...args]).ended;
  assert.equal(predicted.code, 1);
  assert.deepEqual(JSON.parse(predicted.stdout.at(-1) ?? ""), {
    error: true,
    type: "RuntimeError",
    message: "failure asked for by the script",
  });
  const tracked = await bed.start(["track", ...args]).ended;
  assert.equal(tracked.code, 1);
  assert.match(tracked.stdout.at(-1) ?? "", /^{"n_processed": 10,/);
  assert.equal(tracked.stderr.at(-1), "RuntimeError: failure asked for by the script");
});

Deno.test("SIGTERM ends a prediction at once, with what is written so far", async () => {
  await using bed = await TrainerBed.create({ hangAt: { stage: "half" } });
  const args = await withModel(bed);
  const running = bed.start(["predict", ...args]);
  await running.prints('"n_processed": 10');
  await bed.appears(bed.path("out.slp"));
  running.kill("SIGTERM");
  assert.equal((await running.ended).signal, "SIGTERM");
});

Deno.test("predict refuses what click refuses, and models that are none", async () => {
  await using bed = await TrainerBed.create();
  const args = await withModel(bed);
  assert.equal((await bed.start(["predict", ...args, "--nonsense"]).ended).code, 2);
  assert.equal((await bed.start(["predict", "--gui"]).ended).code, 2);
  await Deno.remove(bed.path("model/training_config.yaml"));
  const { code, stderr } = await bed.start(["predict", ...args]).ended;
  assert.equal(code, 1);
  assert.match(stderr.at(-1) ?? "", /^FileNotFoundError: No training_config.yaml/);
});
