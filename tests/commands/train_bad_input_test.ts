import assert from "node:assert/strict";
import { join } from "node:path";
import { FileLock, isLocked } from "../../lib/files/lock.ts";
import { endLostTrainer } from "../../worker/host/process_group.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { configText, fileExists, TrainingWorld } from "../support/training.ts";

/** Nothing may be left behind that claims to be at work, and the manifest must be whole. */
async function assertSettled(world: TrainingWorld): Promise<void> {
  const { lockPath } = await world.job();
  while (await isLocked(lockPath)) await new Promise((resolve) => setTimeout(resolve, 5));
  const { status } = await world.jobState();
  assert.ok(!["queued", "running"].includes(status), status);
  const registry = await world.registry();
  for (const entry of await registry.list()) assert.notEqual(entry.status, "training");
  const manifest = await Deno.readTextFile(world.path("models/.registry/manifest.json"));
  assert.doesNotThrow(() => JSON.parse(manifest));
  for await (const { name } of Deno.readDir(world.path("models/.registry"))) {
    assert.ok(!name.endsWith(".tmp"), name);
  }
}

/** No job may have been made for what was refused at once. */
async function assertNoJob(world: TrainingWorld): Promise<void> {
  await assert.rejects(world.job(), /not exactly one job/);
}

Deno.test("a missing configuration: exit 3, nothing made", async () => {
  await using world = await TrainingWorld.create();
  const args = ["train", "--local", "--config", "none.yaml", "--labels", world.labels];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 3);
  assert.match(stderr, /^error: .*none\.yaml/m);
  await assertNoJob(world);
});

Deno.test("missing labels: exit 3, nothing made", async () => {
  await using world = await TrainingWorld.create();
  const args = ["train", "--local", "--config", world.config, "--labels", "none.slp"];
  const { code, stderr } = await world.cli(args);
  assert.equal(code, 3);
  assert.match(stderr, /^error: Cannot read "none\.slp": there is no such file\nhint: /m);
  await assertNoJob(world);
});

Deno.test("labels that are something else: exit 2 names the file", async () => {
  await using world = await TrainingWorld.create();
  for (const args of [["--labels", world.config], ["--pkg-path", world.config]]) {
    const train = ["train", "--local", "--config", world.config, ...args];
    const { code, stderr } = await world.cli(train);
    assert.equal(code, 2);
    assert.match(stderr, /^error: ".*centroid\.yaml" is not a SLEAP labels file\nhint: /m);
  }
  await assertNoJob(world);
});

Deno.test("no labels anywhere: exit 2 says how to give them", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.cli(["train", "--local", "--config", world.config]);
  assert.equal(code, 2);
  assert.match(stderr, /names no labels to train on\nhint: Give them with --labels FILE/);
  await assertNoJob(world);
});

Deno.test("YAML that does not parse: exit 2 with line and column", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.config, "model_config:\n  head_configs: {centroid: {\n");
  const { code, stderr } = await world.train();
  assert.equal(code, 2);
  assert.match(stderr, /^error: .*centroid\.yaml.*line 3/m);
  await assertNoJob(world);
});

Deno.test("a configuration without a head: exit 2", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.config, "model_config: {backbone_config: {unet: {}}}\n");
  const { code, stderr } = await world.train();
  assert.equal(code, 2);
  assert.match(stderr, /^error: .*centroid\.yaml/m);
  await assertNoJob(world);
});

Deno.test("a configuration that continues from a checkpoint: exit 2, nothing made", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.config, configText("centroid", 3, "  resume_ckpt_path: a.ckpt\n"));
  const { code, stderr } = await world.train();
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: .*centroid\.yaml" asks to continue from "a\.ckpt".*\nhint: Remove/m,
  );
  await assertNoJob(world);
});

Deno.test("settings that a supervised training replaces: one warning, and it trains", async () => {
  await using world = await TrainingWorld.create();
  const extra = "  save_ckpt: false\n  ckpt_dir: /elsewhere\n";
  await Deno.writeTextFile(world.config, configText("centroid", 3, extra));
  const { code, stderr } = await world.train();
  assert.equal(code, 0, stderr);
  const warnings = stderr.split("\n").filter((line) => line.startsWith("warning: "));
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? "",
    /sets trainer_config\.save_ckpt, trainer_config\.ckpt_dir itself/,
  );
});

Deno.test("no trainer: exit 3 before anything is made", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.train([], { SLEAP_RTC_SLEAP_NN: "/nowhere/sleap-nn" });
  assert.equal(code, 3);
  assert.match(stderr, /^error: .*\/nowhere\/sleap-nn/m);
  await assertNoJob(world);
});

Deno.test("without --local and without a room: exit 3 says both ways out", async () => {
  await using world = await TrainingWorld.create();
  const { code, stderr } = await world.cli(["train", "--config", world.config]);
  assert.equal(code, 3);
  assert.match(stderr, /has not joined a room\nhint: .*--local.*sleap-rtc join LINK/);
});

Deno.test("a folder that cannot be written: exit 1 names it", async () => {
  await using world = await TrainingWorld.create();
  const readOnly = Deno.build.os === "linux" ? "/sys/kernel" : "/System";
  const { code, stderr } = await world.train(["--registry", readOnly]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot write ".*": permission denied or read-only\nhint: /m);
  await assertNoJob(world);
});

Deno.test("a configuration that sleap-nn refuses: its own last error, model failed", async () => {
  await using world = await TrainingWorld.create();
  const text = await Deno.readTextFile(world.config);
  await Deno.writeTextFile(world.config, `${text}  no_such_key: 1\n`);
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.match(stderr, /error: Job job_\w+ failed: .*Key 'no_such_key' not in 'TrainerConfig'/);
  assert.match(stderr, /hint: The trainer's output: sleap-rtc jobs logs job_\w+\n$/);
  const entry = await world.model();
  assert.equal(entry.status, "failed");
  assert.match(String(entry.error), /no_such_key/);
  await assertSettled(world);
});

Deno.test("a video that is not there: the trainer's own last error", async () => {
  const error = "FileNotFoundError: Video does not exist or cannot be opened for reading: mice.mp4";
  await using world = await TrainingWorld.create({ failAt: { stage: "start", stderr: [error] } });
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.ok(stderr.includes(error), stderr);
  await assertSettled(world);
});

Deno.test("a full disk before the first checkpoint: failed", async () => {
  await using world = await TrainingWorld.create({ diskFullAtSave: { epoch: 0 } });
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.match(stderr, /\[Errno 28\] No space left on device/);
  assert.equal((await world.model()).status, "failed");
  await assertSettled(world);
});

Deno.test("a full disk after a checkpoint: interrupted, with the checkpoint", async () => {
  await using world = await TrainingWorld.create({ diskFullAtSave: { epoch: 1 } });
  const { code } = await world.train();
  assert.equal(code, 6);
  const entry = await world.model();
  assert.equal(entry.status, "interrupted");
  assert.equal(entry.reason, "crash");
  assert.equal(entry.checkpoint?.epoch, 0);
  const registry = await world.registry();
  assert.deepEqual((await registry.getInterrupted()).map(({ id }) => id), [entry.id]);
  await assertSettled(world);
});

Deno.test("a trainer that exits with 3: failed, exit 6", async () => {
  await using world = await TrainingWorld.create({
    failAt: { stage: "epoch", exitCode: 3, stderr: [] },
  });
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.match(stderr, /sleap-nn ended with exit code 3/);
  await assertSettled(world);
});

Deno.test("a trainer that exits with 0 without a model: failed, and says so", async () => {
  await using world = await TrainingWorld.create({ exitZeroWithoutModel: true });
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.match(stderr, /exit code 0 but left no model/);
  assert.equal((await world.model()).status, "failed");
  await assertSettled(world);
});

Deno.test("a trainer that is killed after an epoch: interrupted", async () => {
  await using world = await TrainingWorld.create({
    dieBySignalAt: { epoch: 1, signal: "SIGKILL" },
    spawnLoaderProcess: true,
  });
  const { code, stderr } = await world.train();
  assert.equal(code, 6);
  assert.match(stderr, /ended by SIGKILL/);
  assert.equal((await world.model()).status, "interrupted");
  await assertSettled(world);
});

/** Start a training whose trainer waits in its second epoch. */
async function waitingTraining(world: TrainingWorld) {
  const reached = world.path("reached");
  await world.setScript({
    touchFileAt: { epoch: 1, file: reached },
    hangAt: { epoch: 1 },
  });
  const training = world.startTrain();
  await fileExists(reached);
  const { supervisor, trainer } = await world.jobState();
  if (supervisor === null || trainer === null) throw new Error("nothing runs");
  return { training, supervisor, trainer };
}

Deno.test("a killed supervisor: the watching train ends the trainer and books the model", async () => {
  await using world = await TrainingWorld.create();
  const { training, supervisor, trainer } = await waitingTraining(world);
  Deno.kill(supervisor.pid, "SIGKILL");
  const { code, stderr } = await training.ended;
  assert.equal(code, 6);
  assert.match(
    stderr,
    /Job job_\w+ interrupted: The supervisor of the job ended before the training did\n/,
  );
  const entry = await world.model();
  assert.equal(entry.status, "interrupted");
  assert.equal(entry.reason, "crash");
  assert.equal(entry.error, "The supervisor of the job ended before the training did");
  assert.equal(entry.checkpoint?.epoch, 0);
  assert.equal(await isAlive(trainer), false);
  await assertSettled(world);
});

Deno.test("supervisor and watcher killed: marked, then booked by the next train", async () => {
  await using world = await TrainingWorld.create();
  const { training, supervisor, trainer } = await waitingTraining(world);
  training.kill("SIGKILL");
  Deno.kill(supervisor.pid, "SIGKILL");
  await training.ended;
  while (await isAlive(supervisor)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { id } = await world.model();
  const { stdout } = await world.cli(["list-models"]);
  assert.match(stdout, new RegExp(`${id}.*training \\(no supervisor\\)`));

  await world.setScript({});
  const next = await world.train(["--run-name", "next"]);
  assert.equal(next.code, 0, next.stderr);
  assert.match(next.stderr, /job job_\w+ had lost its supervisor: booked as interrupted/);
  assert.equal((await (await world.registry()).get(id))?.status, "interrupted");
  assert.equal(await isAlive(trainer), false);
});

Deno.test("killed, its state damaged and its events lost: booked, and no trainer is left", async () => {
  await using world = await TrainingWorld.create();
  const { training, supervisor, trainer } = await waitingTraining(world);
  training.kill("SIGKILL");
  Deno.kill(supervisor.pid, "SIGKILL");
  await training.ended;
  while (await isAlive(supervisor)) await new Promise((resolve) => setTimeout(resolve, 10));
  const job = await world.job();
  await Deno.writeTextFile(job.statePath, "{");
  await Deno.remove(job.eventsPath);
  const { id } = await world.model();

  await world.setScript({});
  const next = await world.train(["--run-name", "next"]);
  assert.match(next.stderr, /state.json.*is damaged: it is written anew/);
  const entry = await (await world.registry()).get(id);
  assert.equal(entry?.status, "interrupted");
  assert.equal(entry.checkpoint?.epoch, 0);
  if (Deno.build.os === "linux") assert.equal(await isAlive(trainer), false);
});

Deno.test("a result that is damaged meanwhile: the watcher stays to the end", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  await Deno.writeTextFile(join((await world.job()).path, "result.json"), "{");
  await goOn();
  const { code, stderr } = await training.ended;
  assert.equal(code, 0, stderr);
});

Deno.test("the job's folder deleted while it trains: exit 3 says so", async () => {
  await using world = await TrainingWorld.create();
  const { training, supervisor, trainer } = await waitingTraining(world);
  const job = await world.job();
  await Deno.remove(job.path, { recursive: true });
  const { code, stderr } = await training.ended;
  assert.equal(code, 3);
  assert.match(stderr, /error: The folder of job job_\w+ was deleted: .*\nhint: Its training may/);
  Deno.kill(supervisor.pid, "SIGKILL");
  await endLostTrainer({ jobFolder: job.path, leader: trainer }, 0);
});

Deno.test("a trainer whose interpreter is gone could not be started", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.trainer, "#!/no/such/python\n");
  const { code, stderr } = await world.train();
  assert.ok(code === 3 || code === 6, stderr);
  if (code === 6) assert.equal((await world.model()).reason, "not started");
});

Deno.test("a model whose folder is deleted while it trains is booked as failed", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const { id } = await world.model();
  await Deno.remove(world.path(`models/centroid_${id}`), { recursive: true });
  await goOn();
  const { code } = await training.ended;
  assert.equal(code, 6);
  assert.equal((await world.model()).status, "failed");
  await assertSettled(world);
});

Deno.test("a model that is taken out of the registry while it trains: the job goes on", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const id = await takeOut(world);
  await goOn();
  const { code, stderr } = await training.ended;
  assert.equal(code, 0, stderr);
  assert.match(
    await Deno.readTextFile((await world.job()).logPath),
    new RegExp(`model ${id} is no longer in the registry: its job goes on without it`),
  );
});

/** Remove the only model from the manifest, as a person with an editor would; its ID. */
async function takeOut(world: TrainingWorld): Promise<string> {
  const manifest = world.path("models/.registry/manifest.json");
  using _lock = await FileLock.acquire(world.path("models/.registry/manifest.lock"));
  const { models, ...rest } = JSON.parse(await Deno.readTextFile(manifest));
  const other = { other: { id: "other", status: "completed" } };
  await Deno.writeTextFile(manifest, JSON.stringify({ ...rest, models: other }));
  return Object.keys(models)[0] ?? "";
}

Deno.test("supervise without a job: exit 3, nothing is created", async () => {
  await using world = await TrainingWorld.create();
  await Deno.mkdir(world.path("root/jobs/job_00000001"), { recursive: true });
  const { code, stderr } = await world.cli(["supervise", "root/jobs/job_00000001"]);
  assert.equal(code, 3);
  assert.match(stderr, /^error: No job "job_00000001" here/);
  const names = (await Array.fromAsync(Deno.readDir(world.path("root")))).map(({ name }) => name);
  assert.deepEqual(names, ["jobs"]);
});

Deno.test("a training that finished with nobody looking is booked as completed", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const { supervisor, trainer } = await world.jobState();
  if (supervisor === null || trainer === null) throw new Error("nothing runs");
  training.kill("SIGKILL");
  Deno.kill(supervisor.pid, "SIGKILL");
  await training.ended;
  await goOn();
  while (await isAlive(trainer)) await new Promise((resolve) => setTimeout(resolve, 10));
  const { id } = await world.model();

  await world.setScript({});
  const next = await world.train(["--run-name", "next"]);
  assert.match(next.stderr, /had lost its supervisor: booked as succeeded/);
  const entry = await (await world.registry()).get(id);
  assert.equal(entry?.status, "completed");
  assert.equal(entry.metrics?.["epochs_completed"], 3);
  assert.match(String(entry.warning), /nobody saw the trainer end/);
});

Deno.test("a supervisor that is told to end stops its trainer and books the model", async () => {
  await using world = await TrainingWorld.create();
  const { training } = await world.startPaused();
  const { supervisor } = await world.jobState();
  Deno.kill(supervisor?.pid ?? 0, "SIGTERM");
  const { code } = await training.ended;
  assert.equal(code, 6);
  const entry = await world.model();
  assert.equal(entry.status, "interrupted");
  assert.equal(entry.reason, "shutdown");
  assert.equal(
    entry.error,
    "The training was ended on request before its last epoch (shutdown)",
  );
  await assertSettled(world);
});

Deno.test("a second supervisor of a job says who holds it and leaves it alone", async () => {
  await using world = await TrainingWorld.create();
  const { training, supervisor } = await waitingTraining(world);
  const job = await world.job();
  const { code, stderr } = await world.cli(["supervise", job.path]);
  assert.equal(code, 7);
  assert.match(stderr, new RegExp(`held by process ${supervisor.pid} on `));
  Deno.kill(supervisor.pid, "SIGKILL");
  await training.ended;
  assert.equal((await world.cli(["supervise", job.path])).code, 0, "an ended job is left alone");
});
