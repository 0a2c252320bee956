import assert from "node:assert/strict";
import { join } from "node:path";
import { JobFolder } from "../../worker/job_folder.ts";
import { configText, fileExists, TrainingWorld } from "../support/training.ts";
import { buildZip } from "../support/zip_builder.ts";

Deno.test("train --local registers, trains and prints the model and the next commands", async () => {
  await using world = await TrainingWorld.create({ valLosses: [0.5, 0.125, 0.25] });
  const { code, stdout, stderr } = await world.train(["--run-name", "first"]);
  assert.equal(code, 0, stderr);
  const entry = await world.model();
  assert.equal(entry.status, "completed");
  assert.deepEqual(entry.metrics, {
    final_val_loss: 0.25,
    best_val_loss: 0.125,
    best_epoch: 1,
    epochs_completed: 3,
  });
  assert.equal(entry.checkpoint_path, `models/centroid_${entry.id}/best.ckpt`);
  assert.equal(entry.last_checkpoint_path, `models/centroid_${entry.id}/last.ckpt`);
  assert.equal(entry.config_path, `models/centroid_${entry.id}/training_config.yaml`);
  assert.equal(entry.checkpoint?.epoch, 1);
  assert.equal(entry.metadata?.["dataset"], "mice.pkg.slp");
  assert.equal(typeof entry.metadata?.["training_duration_seconds"], "number");
  assert.match(String(entry.training_job_hash), /^[0-9a-f]{32}$/);
  assert.equal(entry.run_name, "first");
  assert.match(stdout, new RegExp(`centroid ${entry.id}  completed`));
  assert.match(stdout, new RegExp(`sleap-rtc model-info ${entry.id}`));
  assert.match(stderr, /epoch 3\/3 {2}train loss .* val loss/);
  assert.equal((await (await world.job()).readResult())?.status, "succeeded");
});

Deno.test("train --local --json prints one document", async () => {
  await using world = await TrainingWorld.create();
  const { code, stdout } = await world.train(["--json"]);
  assert.equal(code, 0);
  const result = JSON.parse(stdout);
  assert.equal(result.status, "succeeded");
  assert.match(result.job_id, /^job_[0-9a-f]{8}$/);
  assert.equal(result.models[0].status, "completed");
});

Deno.test("the model is registered, as training, before the trainer starts", async () => {
  await using world = await TrainingWorld.create();
  const started = world.path("started");
  const go = world.path("go");
  await world.setScript({
    touchFileAt: { stage: "start", file: started },
    waitForFileAt: { stage: "start", file: go },
  });
  const training = world.startTrain();
  await fileExists(started);
  assert.equal((await world.model()).status, "training");
  await Deno.writeTextFile(go, "");
  assert.equal((await training.ended).code, 0);
  assert.equal((await world.model()).status, "completed");
});

Deno.test("two configurations are two models of one job, in order", async () => {
  await using world = await TrainingWorld.create();
  const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
  const { code, stdout } = await world.train(["--config", second, "--json"]);
  assert.equal(code, 0);
  const { models } = JSON.parse(stdout);
  assert.deepEqual(models.map((model: { model_type: string }) => model.model_type), [
    "centroid",
    "centered_instance",
  ]);
  assert.equal(models[0].job_id, models[1].job_id);
});

Deno.test("the first model that does not complete ends the job", async () => {
  await using world = await TrainingWorld.create({
    models: { centroid: { failAt: { stage: "epoch", epoch: 0 } } },
  });
  const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
  const { code } = await world.train(["--config", second]);
  assert.equal(code, 6);
  assert.equal((await world.model()).status, "failed");
  const result = await (await world.job()).readResult();
  assert.equal(result?.status, "failed");
  assert.deepEqual(result.models.map((model) => model.status), ["failed", "pending"]);
});

Deno.test("overrides and labels reach the trainer in one complete configuration", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.train([
    ...["--max-epochs", "2", "--batch-size", "8", "--learning-rate", "0.01"],
    ...["--val-labels", world.labels],
  ]);
  assert.equal(code, 0, stderr);
  const { id, metrics } = await world.model();
  assert.equal(metrics?.["epochs_completed"], 2);
  const config = await Deno.readTextFile(world.path(`models/centroid_${id}/config.yaml`));
  assert.match(config, /max_epochs: 2\n/);
  assert.match(config, /batch_size: 8\n/);
  assert.match(config, /lr: 0\.01\n/);
  assert.match(config, /save_last: true/);
  assert.ok(config.includes(world.labels));
});

Deno.test("--pkg-path takes a .pkg.slp as the labels", async () => {
  await using world = await TrainingWorld.create();
  const args = ["train", "--local", "--config", world.config, "--pkg-path", world.labels];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 0, stderr);
  const entry = await world.model();
  assert.equal(entry.metadata?.["dataset"], "mice.pkg.slp");
  const config = await Deno.readTextFile(world.path(`models/centroid_${entry.id}/config.yaml`));
  assert.ok(config.includes(world.labels));
});

Deno.test("--labels and --pkg-path together: exit 2", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.train(["--pkg-path", world.labels]);
  assert.equal(code, 2);
  assert.match(stderr, /--labels and --pkg-path both name the labels/);
});

Deno.test("a SLEAP training package brings labels, configurations and settings", async () => {
  await using world = await TrainingWorld.create();
  const script = "#!/bin/bash\nsleap-nn train --config-name centroid.yaml --config-dir . " +
    "trainer_config.max_epochs=2 trainer_config.run_name=from_script\ntouch executed\n";
  const zip = world.path("labels.v001.zip");
  await Deno.writeFile(
    zip,
    buildZip([
      { name: "centroid.yaml", data: configText("centroid", 9) },
      { name: "train-script.sh", data: script },
      { name: "labels.pkg.slp", data: await Deno.readFile(world.labels) },
    ]),
  );
  const { code, stderr } = await world.cli(["train", "--local", "--pkg-path", zip]);
  assert.equal(code, 0, stderr);
  const entry = await world.model();
  assert.equal(entry.run_name, "from_script");
  assert.equal(entry.metrics?.["epochs_completed"], 2);
  assert.equal(entry.metadata?.["dataset"], "labels.v001.zip");
  await assert.rejects(Deno.stat(world.path("executed")));
});

Deno.test("--config overrides the configurations of a package", async () => {
  await using world = await TrainingWorld.create();
  const zip = world.path("package.zip");
  await Deno.writeFile(
    zip,
    buildZip([
      { name: "centroid.yaml", data: configText("centroid", 9) },
      { name: "labels.pkg.slp", data: await Deno.readFile(world.labels) },
    ]),
  );
  const own = await world.writeConfig("own.yaml", configText("centered_instance", 2));
  const args = ["train", "--local", "--pkg-path", zip, "--config", own];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 0, stderr);
  assert.equal((await world.model()).model_type, "centered_instance");
});

Deno.test("a trainer named by a relative path is found by the supervisor, too", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.train([], { SLEAP_RTC_SLEAP_NN: "trainer/sleap-nn" });
  assert.equal(code, 0, stderr);
});

Deno.test("the GPU model is what nvidia-smi says", async () => {
  await using world = await TrainingWorld.create();
  const tool = world.path("trainer/nvidia-smi");
  await Deno.writeTextFile(tool, "#!/bin/sh\necho 'NVIDIA H100, 81559'\n", { mode: 0o755 });
  const path = `${world.path("trainer")}:${Deno.env.get("PATH")}`;
  assert.equal((await world.train([], { PATH: path })).code, 0);
  assert.equal((await world.model()).metadata?.["gpu_model"], "NVIDIA H100");
});

Deno.test("the trainer runs in its own process group with a clean environment", async () => {
  await using world = await TrainingWorld.create();
  const record = world.path("starts.ndjson");
  await world.setScript({ recordTo: record });
  const { code } = await world.train([], { SLURM_JOB_ID: "1", RANK: "0", SLEAP_RTC_SECRET: "s" });
  assert.equal(code, 0);
  const start = JSON.parse(await Deno.readTextFile(record));
  const { id } = await world.model();
  assert.equal(start.env.TMPDIR, world.path(`models/centroid_${id}/.tmp`));
  assert.equal(start.cwd, world.folder, "relative videos in labels begin where the user stood");
  assert.equal(start.env.PYTHONUNBUFFERED, "1");
  for (const name of ["SLURM_JOB_ID", "RANK", "SLEAP_RTC_SECRET"]) assert.ok(!(name in start.env));
  await assert.rejects(Deno.stat(start.env.TMPDIR), "the temporary folder is removed");
});

Deno.test("a temporary folder that is too deep for sockets gets a short name", async () => {
  await using world = await TrainingWorld.create();
  const record = world.path("starts.ndjson");
  await world.setScript({ recordTo: record });
  const deep = world.path(`${"deep/".repeat(20)}root`);
  const { code, stderr } = await world.train(["--registry", deep]);
  assert.equal(code, 0, stderr);
  const { env } = JSON.parse(await Deno.readTextFile(record));
  assert.ok(env.TMPDIR.length < 60, env.TMPDIR);
  await assert.rejects(Deno.lstat(env.TMPDIR), "the short name is removed");
});

Deno.test("a Weights & Biases key is neither in the log nor in the model's folder", async () => {
  await using world = await TrainingWorld.create();
  const secret = "0123456789abcdef-wandb";
  const record = world.path("starts.ndjson");
  await world.setScript({ recordTo: record });
  const text = configText("centroid", 1, `  wandb: { api_key: "${secret}" }\n`);
  await Deno.writeTextFile(world.config, text);
  assert.equal((await world.train()).code, 0);
  const start = JSON.parse(await Deno.readTextFile(record));
  assert.equal(start.env.WANDB_API_KEY, secret);
  const { id } = await world.model();
  const files = [(await world.job()).logPath, world.path(`models/centroid_${id}/config.yaml`)];
  for (const file of files) assert.ok(!(await Deno.readTextFile(file)).includes(secret), file);
});

Deno.test("a failed evaluation after a good training is a warning", async () => {
  await using world = await TrainingWorld.create({ evaluationFails: true });
  const { code, stderr } = await world.train();
  assert.equal(code, 0, stderr);
  const entry = await world.model();
  assert.equal(entry.status, "completed");
  assert.match(String(entry.warning), /evaluation failed/);
  assert.match(stderr, /warning: post-training evaluation failed/);
});

Deno.test("a GPU that is asked for and not there is a warning", async () => {
  await using world = await TrainingWorld.create();
  const text = configText().replace("trainer_accelerator: cpu", "trainer_accelerator: gpu");
  await Deno.writeTextFile(world.config, text);
  const { code, stderr } = await world.train();
  assert.equal(code, 0);
  assert.match(stderr, /warning: Accelerator "gpu" is not available on this machine: training on/);
});

Deno.test("two trainings at once in one folder are two models", async () => {
  await using world = await TrainingWorld.create();
  const both = await Promise.all([
    world.train(["--run-name", "same"]),
    world.train(["--run-name", "same"]),
  ]);
  assert.deepEqual(both.map(({ code }) => code), [0, 0]);
  const ids = (await (await world.registry()).list()).map(({ id }) => id).sort();
  assert.equal(ids[1], `${ids[0]}-2`);
  assert.ok(both.some(({ stderr }) => /warning: ID .* is taken/.test(stderr)));
});

Deno.test("Ctrl-C at any moment: nothing was started, or the last line names the job", async () => {
  for (let delay = 100; delay < 1_300; delay += 120) {
    await using world = await TrainingWorld.create({ batchMs: 150 });
    const training = world.startTrain(["--max-epochs", "1"]);
    const pause = new Promise((resolve) => setTimeout(resolve, delay));
    const hasEnded = await Promise.race([training.ended.then(() => true), pause]);
    if (!hasEnded) training.kill("SIGINT");
    const { code, stderr } = await training.ended;
    const lastLine = stderr.trimEnd().split("\n").at(-1) ?? "";
    const jobs = await JobFolder.list(world.folder);
    assert.ok(code === 130 || code === 0, `after ${delay} ms: ${code}\n${stderr}`);
    if (jobs.length === 0) assert.match(lastLine, /^(?:Nothing was started)?$/);
    for (const job of jobs) {
      await fileExists(join(job.path, "result.json"));
      const { status } = await world.model();
      assert.equal(status, "completed", `after ${delay} ms: ${stderr}`);
      if (code === 130) assert.ok(lastLine.endsWith(`jobs attach ${job.jobId}`), stderr);
    }
  }
});

Deno.test("Ctrl-C leaves the job, which goes on to its end", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  training.kill("SIGINT");
  const { code, stderr } = await training.ended;
  assert.equal(code, 130);
  const job = await world.job();
  assert.deepEqual(stderr.trimEnd().split("\n").slice(-4), [
    `job ${job.jobId} goes on without this command`,
    `stop after the running epoch, to resume it later: sleap-rtc jobs stop ${job.jobId}`,
    `cancel: sleap-rtc jobs cancel ${job.jobId}`,
    `attach again: sleap-rtc jobs attach ${job.jobId}`,
  ]);
  await goOn();
  await fileExists(join(job.path, "result.json"));
  assert.equal((await world.model()).status, "completed");
});
