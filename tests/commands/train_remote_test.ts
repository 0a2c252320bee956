import assert from "node:assert/strict";
import { join } from "node:path";
import { isAlive } from "../../worker/host/process_identity.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { runCli } from "../support/cli.ts";
import { RoomWorld } from "../support/room_world.ts";
import { configText, fileExists, TrainingWorld } from "../support/training.ts";

/** Keys that differ between two machines or moments. */
const OF_THE_MOMENT = [
  "history",
  "created_at",
  "completed_at",
  "job_id",
  "booked",
  "attempts",
  "revision",
];

function withoutMoment(entry: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(entry).filter(([key]) => !OF_THE_MOMENT.includes(key));
  const { metadata, ...rest } = Object.fromEntries(kept);
  const { training_duration_seconds: _duration, ...other } = metadata as Record<string, unknown>;
  return { ...rest, metadata: other };
}

Deno.test("a training on a worker: the same entry and the same output as a local one", async () => {
  const script = { valLosses: [0.5, 0.125, 0.25] };
  await using room = await RoomWorld.create(script);
  await using local = await TrainingWorld.create(script);
  await room.startWorker();
  const [remotely, here] = [
    await room.train(["--run-name", "same"]),
    await local.train(["--run-name", "same"]),
  ];
  assert.equal(remotely.code, 0, remotely.stderr);
  assert.equal(here.code, 0, here.stderr);
  assert.deepEqual(
    withoutMoment({ ...await room.model() }),
    withoutMoment({ ...await local.model() }),
  );
  const lines = (text: string) =>
    text.split("\n").filter((line) => /^centroid|^registered|^training/.test(line))
      .map((line) => line.replace(/ {2}\d+ s left|, \d+ s$/, ""));
  assert.deepEqual(lines(remotely.stderr), lines(here.stderr));
  const { id } = await room.model();
  assert.match(remotely.stdout, new RegExp(`sleap-rtc model-info ${id} --worker gpu1\n`));
  assert.match(remotely.stderr, /^worker: gpu1\nuploaded mice.pkg.slp\njob job_/);
  assert.equal((await room.model()).metadata?.["dataset"], "mice.pkg.slp", "2.3.1");
});

Deno.test("list-models and model-info ask the workers of the room", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  await room.startWorker({ folder: "gpu2", name: "gpu2" });
  for (const worker of ["gpu1", "gpu2"]) {
    const { code, stderr } = await room.train(["--worker", worker, "--run-name", worker]);
    assert.equal(code, 0, stderr);
  }
  const ids = [(await room.model()).id, (await room.model("gpu2")).id];
  const roomId = (await room.cli(["status", "--json"])).stdout;
  const [{ room_id }] = JSON.parse(roomId);
  const all = await room.cli(["list-models", "--room", room_id, "--json"]);
  const models = JSON.parse(all.stdout);
  assert.deepEqual(models.map((model: { id: string }) => model.id), ids.toReversed());
  assert.deepEqual(
    models.map(({ location }: { location: { root: string } }) => location.root),
    [join(room.folder, "gpu2"), join(room.folder, "gpu")],
  );
  const one = await room.cli(["list-models", "--worker", "gpu2", "--format", "table"]);
  assert.match(one.stdout, new RegExp(`^ID .*WORKER\n${ids[1]} .*gpu2-[0-9a-f]{4}\n$`));
  const info = await room.cli(["model-info", ids[0] ?? "", "--room", room_id, "--json"]);
  assert.equal(JSON.parse(info.stdout).checkpoint_exists, true);
  const nowhere = await room.cli(["model-info", "00000000", "--room", room_id]);
  assert.equal(nowhere.code, 3, nowhere.stderr);
});

Deno.test("several workers: named ones are listed, --auto-select takes an idle one", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker({ name: "same" });
  await room.startWorker({ folder: "gpu2", name: "same" });
  const unclear = await room.train();
  assert.equal(unclear.code, 2);
  assert.match(unclear.stderr, /Several workers.*\nhint: .*same-[0-9a-f]{4}, same-[0-9a-f]{4}/);
  const twice = await room.train(["--worker", "same"]);
  assert.equal(twice.code, 2, "two workers of one name");
  const { training, goOn } = await room.startPaused(["--auto-select"]);
  await room.setScript({});
  const second = await room.train(["--auto-select", "--run-name", "second"]);
  await goOn();
  assert.equal((await training.ended).code, 0);
  assert.equal(second.code, 0, second.stderr);
  assert.notEqual((await room.model()).id, (await room.model("gpu2")).id);
});

Deno.test("several workers on a terminal: the user is asked", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  await room.startWorker({ folder: "gpu2", name: "gpu2" });
  const { code, stdout } = await runCli(
    ["train", "--config", "centroid.yaml", "--labels", "mice.pkg.slp"],
    { cwd: room.laptop(""), stdin: "2\n", terminalOf: "python3" },
  );
  assert.equal(code, 0, stdout);
  assert.match(stdout, /1 {2}gpu1 {2}available {2}CPU\r\n2 {2}gpu2 .*\r\nWhich worker\? \[1-2\]/);
  assert.equal((await room.model("gpu2")).status, "completed");
});

Deno.test("a second job waits while one runs, and is then trained", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const { training, goOn } = await room.startPaused();
  const first = (await room.job()).jobId;
  await room.setScript({});
  const second = room.startTrain(["--run-name", "second"]);
  while ((await JobFolder.list(room.gpu(""))).length < 2) {
    await new Promise((r) => setTimeout(r, 20));
  }
  await goOn();
  assert.equal((await training.ended).code, 0);
  const { code, stderr } = await second.ended;
  assert.equal(code, 0, stderr);
  const jobs = await JobFolder.list(room.gpu(""));
  const [waited] = jobs.filter(({ jobId }) => jobId !== first);
  assert.equal((await waited?.readState())?.status, "succeeded");
});

Deno.test("a failed training: exit 6 and the trainer's own last error", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const config = join(room.folder, "laptop", "broken.yaml");
  await Deno.writeTextFile(config, configText("centroid", 3, "  no_such_key: 1\n"));
  const { code, stderr } = await room.cli([
    ...["train", "--config", config, "--labels", "mice.pkg.slp"],
  ]);
  assert.equal(code, 6, stderr);
  assert.match(stderr, /error: Job job_\w+ failed: /);
  assert.match(
    stderr,
    /hint: The trainer's output: sleap-rtc jobs logs job_\w+ --worker gpu1\n$/,
  );
});

Deno.test("no worker in the room: exit 3; no room joined: exit 3; both say what to do", async () => {
  await using room = await RoomWorld.create();
  const none = await room.train();
  assert.equal(none.code, 3);
  assert.match(none.stderr, /error: No worker is in room .*\nhint: Start one/);
  const { code, stderr } = await room.train([], { SLEAP_RTC_HOME: join(room.folder, "other") });
  assert.equal(code, 3);
  assert.match(stderr, /has not joined a room\nhint: .*sleap-rtc join LINK/);
});

Deno.test("worker killed in the middle: exit 5, the supervisor finishes and books the model", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const { training, goOn } = await room.startPaused([], { SLEAP_RTC_RECONNECT_SECONDS: "1" });
  await worker.stop("SIGKILL");
  const { code, stderr } = await training.ended;
  assert.equal(code, 5, stderr);
  assert.match(stderr, /error: The connection to the worker was lost: .*worker "gpu1" is gone/);
  assert.match(stderr, /hint: .*sleap-rtc jobs attach job_\w+ --room \S+ --worker gpu1-\w+\n$/);
  await goOn();
  await fileExists(join((await room.job()).path, "result.json"));
  assert.equal((await room.model()).status, "completed");
});

Deno.test("worker restarted in the middle: the client comes back, no event is lost", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const { training, goOn } = await room.startPaused();
  await worker.stop("SIGKILL");
  await room.startWorker();
  await goOn();
  const { code, stderr } = await training.ended;
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /warning: The connection to the worker was lost.*trying again\nconnected again/,
  );
  const epochs = [...stderr.matchAll(/epoch (\d)\/3/g)].map(([, epoch]) => epoch);
  assert.deepEqual(epochs, ["1", "2", "3"]);
});

Deno.test("server killed and restarted in the middle: nothing is lost, the worker comes back", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const { training, goOn } = await room.startPaused();
  await room.restartServer(goOn);
  const { code, stderr } = await training.ended;
  assert.equal(code, 0, stderr);
  while ((await room.cli(["list-models", "--worker", "gpu1"])).code !== 0);
  assert.equal((await room.model()).status, "completed");
});

Deno.test("a worker that is started again says that its old job keeps it busy", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const { training, goOn } = await room.startPaused();
  training.kill("SIGINT");
  await training.ended;
  await worker.stop("SIGKILL");
  await room.startWorker();
  const status = async () => {
    const [{ peers }] = JSON.parse((await room.cli(["status", "--json"])).stdout);
    return peers[0]?.metadata.properties.status;
  };
  assert.equal(await status(), "busy");
  await goOn();
  await fileExists(join((await room.job()).path, "result.json"));
  while (await status() !== "available");
});

Deno.test("Ctrl-C while the connection is away leaves at once", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const { training, goOn } = await room.startPaused();
  await worker.stop("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  training.kill("SIGINT");
  const began = performance.now();
  const { code, stderr } = await training.ended;
  assert.equal(code, 130, stderr);
  assert.ok(performance.now() - began < 10_000);
  assert.match(stderr, /attach again: sleap-rtc jobs attach job_\w+ --worker gpu1\n$/);
  await goOn();
  await fileExists(join((await room.job()).path, "result.json"));
});

Deno.test("the job's folder deleted on the worker: the client is told, and does not wait", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const { training, goOn } = await room.startPaused();
  const job = await room.job();
  const { supervisor, trainer } = await job.readState();
  await Deno.remove(job.path, { recursive: true });
  const { code, stderr } = await training.ended;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /error: The worker cannot tell of job job_\w+ any more: The folder of job/);
  await goOn();
  while (supervisor && await isAlive(supervisor)) await new Promise((r) => setTimeout(r, 20));
  assert.ok(trainer === null || !(await isAlive(trainer)));
});

Deno.test("Ctrl-C leaves the remote job, which goes on", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const { training, goOn } = await room.startPaused();
  training.kill("SIGINT");
  const { code, stderr } = await training.ended;
  assert.equal(code, 130);
  const { jobId } = await room.job();
  assert.ok(stderr.endsWith(`sleap-rtc jobs attach ${jobId} --worker gpu1\n`), stderr);
  await goOn();
  await fileExists(join((await room.job()).path, "result.json"));
  assert.equal((await room.model()).status, "completed");
});

Deno.test("a worker that is told to end leaves its job running", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const { training, goOn } = await room.startPaused([], { SLEAP_RTC_RECONNECT_SECONDS: "0.5" });
  const { code } = await worker.stop("SIGTERM");
  assert.equal(code, 0);
  assert.equal((await training.ended).code, 5);
  const { supervisor } = await (await room.job()).readState();
  assert.ok(supervisor && await isAlive(supervisor));
  await goOn();
  await fileExists(join((await room.job()).path, "result.json"));
});
