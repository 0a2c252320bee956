/** The whole path with the real sleap-nn: seconds of training on pictures made for it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { readEvents } from "../../worker/job_events.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { type CliResult, type RunningCli, spawnCli } from "../support/cli.ts";
import { type Dataset, engineForTests, makeDataset, saveLinked } from "../support/engine.ts";

const CONFIGS = fileURLToPath(new URL("../../scripts/demo/", import.meta.url));
const engine = await engineForTests();

interface World {
  folder: string;
  data: Dataset;
  start(args: string[]): RunningCli;
  train(args: string[]): Promise<CliResult>;
}

async function withWorld(animals: number, use: (world: World) => Promise<void>): Promise<void> {
  if (engine === null) return;
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" }));
  try {
    const data = await makeDataset(engine.python, join(folder, "data"), { animals, frames: 20 });
    const env = { SLEAP_RTC_SLEAP_NN: engine.sleapNn, OMP_NUM_THREADS: "1" };
    const labels = ["--labels", data.labels, "--val-labels", data.valLabels];
    const start = (args: string[]) =>
      spawnCli(["train", "--local", "--json", ...labels, ...args], { cwd: folder, env });
    await use({ folder, data, start, train: (args) => start(args).ended });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "4.1.1, 4.1.4, 4.1.5 real trainings: completed, found by ID, never overwritten",
  ignore: engine === null,
  fn: () =>
    withWorld(1, async ({ folder, train }) => {
      const config = ["--config", join(CONFIGS, "single_instance.yaml"), "--max-epochs", "1"];
      const first = await train([...config, "--run-name", "one"]);
      assert.equal(first.code, 0, first.stderr);
      const [model] = JSON.parse(first.stdout).models;
      assert.equal(model.status, "completed");
      assert.equal(model.metrics.epochs_completed, 1);
      assert.equal(typeof model.metrics.final_val_loss, "number");
      assert.equal(model.sleap_nn_version, "0.3.5");
      assert.equal(model.training_hyperparameters.batch_size, 4);
      assert.ok(model.metadata.training_duration_seconds > 1);
      const checkpoint = await readCheckpoint(join(folder, model.checkpoint_path));
      assert.ok(checkpoint.ok && checkpoint.epoch === 0);
      assert.match(first.stderr, /epoch 1\/1 {2}train loss [\d.e-]+ {2}val loss/);

      const [other, again] = await Promise.all([
        train([...config, "--run-name", "two"]),
        train([...config, "--run-name", "one"]),
      ]);
      const otherId = JSON.parse(other.stdout).models[0].id;
      assert.notEqual(otherId, model.id, "4.1.4: another run name is another ID");
      assert.equal(JSON.parse(again.stdout).models[0].id, `${model.id}-2`, "4.1.5");
      assert.match(again.stderr, /warning: ID .* is taken/);
      const registry = await ModelRegistry.open(folder);
      const found = (await registry.list({ status: "completed" })).map(({ id }) => id).sort();
      assert.deepEqual(found, [model.id, `${model.id}-2`, otherId].sort());
    }),
});

Deno.test({
  name: "a real top-down pair is two models of one job",
  ignore: engine === null,
  fn: () =>
    withWorld(2, async ({ train }) => {
      const configs = ["centroid", "centered_instance"].flatMap((type) => [
        "--config",
        join(CONFIGS, `${type}.yaml`),
      ]);
      const { code, stdout, stderr } = await train([...configs, "--max-epochs", "1"]);
      assert.equal(code, 0, stderr);
      const { models } = JSON.parse(stdout);
      assert.deepEqual(
        models.map((model: { model_type: string; status: string }) => [
          model.model_type,
          model.status,
        ]),
        [["centroid", "completed"], ["centered_instance", "completed"]],
      );
    }),
});

Deno.test({
  name: "what the real sleap-nn refuses is a failed model with its own last error",
  ignore: engine === null,
  fn: () =>
    withWorld(1, async ({ folder, train }) => {
      const text = await Deno.readTextFile(join(CONFIGS, "single_instance.yaml"));
      const config = join(folder, "refused.yaml");
      await Deno.writeTextFile(
        config,
        text.replace("max_epochs:", "no_such_key: 1\n  max_epochs:"),
      );
      const { code, stdout, stderr } = await train(["--config", config]);
      assert.equal(code, 6, stderr);
      assert.match(stderr, /ConfigKeyError: Key 'no_such_key' not in 'TrainerConfig'/);
      assert.equal(JSON.parse(stdout).models[0].status, "failed");
    }),
});

Deno.test({
  name: "labels whose video is gone: the real trainer's error, model failed",
  ignore: engine === null,
  fn: () =>
    withWorld(1, async ({ folder, data, train }) => {
      const labels = join(folder, "without_video.slp");
      await saveLinked(engine, data.labels, labels, data.video);
      await Deno.remove(data.video);
      const config = join(CONFIGS, "single_instance.yaml");
      const { code, stdout, stderr } = await train(["--config", config, "--labels", labels]);
      assert.equal(code, 6, stderr);
      assert.match(stderr, /FileNotFoundError: Video does not exist or cannot be opened/);
      assert.equal(JSON.parse(stdout).models[0].status, "failed");
    }),
});

Deno.test({
  name: "labels that name their video relative to the user's folder are trained",
  ignore: engine === null,
  fn: () =>
    withWorld(1, async ({ folder, data, train }) => {
      const labels = join(folder, "elsewhere.slp");
      await saveLinked(engine, data.labels, labels, "data/demo.mp4");
      const config = ["--config", join(CONFIGS, "single_instance.yaml"), "--max-epochs", "1"];
      const { code, stderr } = await train([...config, "--labels", labels]);
      assert.equal(code, 0, stderr);
    }),
});

Deno.test({
  name: "a killed supervisor of a real training: the trainer is ended, its checkpoint booked",
  ignore: engine === null,
  fn: () =>
    withWorld(1, async ({ folder, start }) => {
      const config = join(CONFIGS, "single_instance.yaml");
      const training = start(["--config", config, "--max-epochs", "50"]);
      const job = await firstCheckpoint(folder);
      const { supervisor, trainer } = await job.readState();
      if (supervisor === null || trainer === null) throw new Error("nothing runs");
      Deno.kill(supervisor.pid, "SIGKILL");
      const { code, stdout, stderr } = await training.ended;
      assert.equal(code, 6, stderr);
      const [model] = JSON.parse(stdout).models;
      assert.equal(model.status, "interrupted");
      assert.equal(model.reason, "crash");
      const checkpoint = await readCheckpoint(join(folder, model.checkpoint_path));
      assert.ok(checkpoint.ok && checkpoint.epoch === model.checkpoint.epoch);
      assert.equal(await isAlive(trainer), false);
    }),
});

/** The only job, once it has written a checkpoint. */
async function firstCheckpoint(root: string): Promise<JobFolder> {
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [job] = await JobFolder.list(root);
    if (job === undefined) continue;
    const events = await readEvents(job.eventsPath);
    if (events.some((event) => event.type === "checkpoint" && event.kind === "last")) return job;
  }
}
