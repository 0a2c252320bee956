/** A real training that loses everything, and goes on: nothing but the disk is left of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ModelRegistry } from "../../lib/registry.ts";
import { runProgram } from "../../lib/run_program.ts";
import { readTrainingLog } from "../../lib/sleap_nn/training_log.ts";
import { readEvents } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { spawnCli } from "../support/cli.ts";
import { engineForTests, makeDataset, type TestEngine } from "../support/engine.ts";

const CONFIG = fileURLToPath(new URL("../../scripts/demo/single_instance.yaml", import.meta.url));
const EPOCHS = 8;
const FRAMES = [
  "import json, sys, sleap_io as sio",
  "def frames(path):",
  "    return sorted(frame.frame_idx for frame in sio.load_slp(path, open_videos=False))",
  "print(json.dumps([frames(path) for path in sys.argv[1:]]))",
].join("\n");
const engine = await engineForTests();

Deno.test({
  name: "2.2.3, 4.1.3 real training: supervisor and trainer killed, resumed to its end",
  ignore: engine === null,
  fn: async () => {
    if (engine === null) return;
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" }));
    try {
      await killAndResume(engine, folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function killAndResume(engine: TestEngine, folder: string): Promise<void> {
  const data = await makeDataset(engine.python, join(folder, "data"), { animals: 1, frames: 20 });
  const env = { SLEAP_RTC_SLEAP_NN: engine.sleapNn, OMP_NUM_THREADS: "1" };
  const train = (args: string[]) =>
    spawnCli(["train", "--local", "--json", ...args], { cwd: folder, env });
  // Without validation labels sleap-nn splits the labels by itself.
  const first = train(["--config", CONFIG, "--labels", data.labels, "--max-epochs", `${EPOCHS}`]);
  const job = await trainedEpochs(folder, 2);
  const { supervisor, trainer } = await job.readState();
  if (supervisor === null || trainer === null) throw new Error("nothing runs");
  for (const pid of [first.pid, supervisor.pid, trainer.pid]) Deno.kill(pid, "SIGKILL");
  await first.ended;

  const registry = await ModelRegistry.open(folder);
  const [begun] = await registry.list();
  const { code, stdout, stderr } = await train(["--resume", begun?.id ?? ""]).ended;
  assert.equal(code, 0, stderr);
  const [model] = JSON.parse(stdout).models;
  assert.equal(model.id, begun?.id);
  assert.equal(model.status, "completed");
  const [one, two] = model.attempts;
  const from = two.started_from.epoch;
  assert.ok(from >= 1 && from < EPOCHS - 1, `resumed after epoch ${from + 1}`);
  assert.match(stderr, new RegExp(`resuming ${model.id} after epoch ${from + 1} of ${EPOCHS} `));
  assert.deepEqual([one.first_epoch, one.last_epoch], [0, from]);
  assert.deepEqual([two.first_epoch, two.last_epoch], [from + 1, EPOCHS - 1]);

  const top = join(folder, "models", `single_instance_${model.id}`);
  const attempt = join(top, "attempts", "attempt-2");
  const before = (await readTrainingLog(join(top, "training_log.csv")))
    .filter(({ epoch }) => epoch <= from);
  const after = await readTrainingLog(join(attempt, "training_log.csv"));
  const curve = [...before, ...after];
  assert.deepEqual(curve.map(({ epoch }) => epoch), Array.from({ length: EPOCHS }, (_, n) => n));
  const losses = curve.map(({ valLoss }) => valLoss ?? Infinity);
  assert.equal(model.metrics.epochs_completed, EPOCHS);
  assert.equal(model.metrics.final_val_loss, losses.at(-1));
  assert.equal(model.metrics.best_val_loss, Math.min(...losses));
  assert.equal(model.checkpoint.epoch, model.metrics.best_epoch);
  assert.equal(model.checkpoint_path, `models/single_instance_${model.id}/best.ckpt`);
  assert.deepEqual(await splitOf(engine, attempt), await splitOf(engine, top), "the same split");
}

/** The only job, once a number of its epochs are saved. */
async function trainedEpochs(root: string, epochs: number): Promise<JobFolder> {
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [job] = await JobFolder.list(root);
    if (job === undefined) continue;
    const saved = (await readEvents(job.eventsPath)).filter((event) =>
      event.type === "checkpoint" && event.kind === "last"
    );
    if (saved.length >= epochs) return job;
  }
}

/** The frames on either side of an attempt's split. */
async function splitOf({ python }: TestEngine, folder: string): Promise<number[][]> {
  const files = ["train", "val"].map((side) => join(folder, `labels_gt.${side}.0.slp`));
  const { code, stdout, stderr } = await runProgram(python, ["-c", FRAMES, ...files]);
  assert.equal(code, 0, stderr);
  const sides: number[][] = JSON.parse(stdout);
  for (const side of sides) assert.ok(side.length > 0);
  return sides;
}
