import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { formatJoinLink, parseJoinLink } from "../../lib/signaling/join_link.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { readRequest } from "../../worker/requests/job_request.ts";
import { runCli, type RunningCli } from "../support/cli.ts";
import { RoomWorld } from "../support/room_world.ts";
import { configText, fileExists } from "../support/training.ts";
import { makeLabels } from "../support/stand_in.ts";
import { buildZip } from "../support/zip_builder.ts";

/** Write a configuration of the laptop that names its labels. */
async function writeConfig(
  room: RoomWorld,
  name: string,
  labels: string,
  modelType = "centroid",
): Promise<void> {
  const named = `train_labels_path: ${labels}`;
  const text = configText(modelType).replace("train_labels_path: null", named);
  await Deno.writeTextFile(room.laptop(name), text);
}

/** The rooms that a machine has joined, as stored. */
async function readRooms(folder: string) {
  return JSON.parse(await Deno.readTextFile(join(folder, "home", "rooms.json")));
}

Deno.test("a worker that cannot start says why, and what to do", async () => {
  await using room = await RoomWorld.create();
  const cwd = room.gpu("");
  const start = async (args: string[], env: Record<string, string> = {}) => {
    const trainer = { SLEAP_RTC_SLEAP_NN: join(room.folder, "trainer", "sleap-nn") };
    const result = await runCli(["worker", ...args], { cwd, env: { ...trainer, ...env } });
    assert.equal(result.stdout, "");
    return result;
  };
  const refused = async (
    code: number,
    message: RegExp,
    args: string[],
    env: Record<string, string> = {},
  ) => {
    const result = await start(args, env);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^hint: /m);
    assert.ok(!result.stderr.includes(new URL(room.link).hash.slice(1)), result.stderr);
  };
  await refused(3, /has not joined a room/, []);
  const join_ = ["--join", room.link];
  await refused(3, /SLEAP_RTC_SLEAP_NN names "\/none"/, join_, { SLEAP_RTC_SLEAP_NN: "/none" });
  await refused(2, /Cannot work in ".*nowhere"/, ["--working-dir", "nowhere"]);
  for (const name of [" x", "a/b", "a\nb", "../x", "x".repeat(65)]) {
    await refused(2, /cannot be the name of a worker/, ["--name", name]);
  }
  await refused(2, /--mount: there is no folder ".*none"/, ["--mount", "none"]);
  for (const jobs of ["0", "-1", "1.5", "many"]) {
    await refused(2, /--max-jobs/, [`--max-jobs=${jobs}`]);
  }
  await refused(2, /--on-disconnect/, ["--on-disconnect", "explode"]);
  await refused(2, /--mount: there is no folder/, ["--mount", join(cwd, "home", "rooms.json")]);
  const link = parseJoinLink(room.link);
  const wrongCode = [...link.code].reverse().join("");
  await refused(4, /link/i, ["--join", formatJoinLink({ ...link, code: wrongCode })]);
  const { stdout: once } = await room.cli(["invite", "--uses", "1"]);
  const elsewhere = { SLEAP_RTC_HOME: join(room.folder, "elsewhere") };
  assert.equal((await room.cli(["join", once.trim()], elsewhere)).code, 0);
  await refused(4, /link/i, ["--join", once.trim()]);
  const unreachable = formatJoinLink({ ...link, server: "http://127.0.0.1:1" });
  await refused(5, /127\.0\.0\.1:1/, ["--join", unreachable]);
  await using _worker = await room.startWorker();
  await refused(7, /worker\.lock": held by process \d+ on /, ["--name", "other"]);
});

Deno.test("a forged secret: the client gets exit 4, the worker logs it and goes on", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const home = join(room.folder, "forged");
  await Deno.mkdir(home);
  const rooms = await readRooms(room.laptop(""));
  rooms.rooms[0].secret = "A".repeat(rooms.rooms[0].secret.length);
  await Deno.writeTextFile(join(home, "rooms.json"), JSON.stringify(rooms), { mode: 0o600 });
  for (const args of [["list-models", "--worker", "gpu1"], null]) {
    const env = { SLEAP_RTC_HOME: home };
    const { code, stderr } = args === null ? await room.train([], env) : await room.cli(args, env);
    assert.equal(code, 4, stderr);
  }
  assert.equal((await room.train()).code, 0, "the next client is served");
  const { stderr } = await worker.stop();
  assert.match(stderr, /client ".*" refused: /);
});

Deno.test("train: options that contradict each other are refused before anything is done", async () => {
  await using room = await RoomWorld.create();
  const wrong = [
    ["--local", "--room", "x"],
    ["--local", "--worker", "x"],
    ["--local", "--auto-select"],
    ["--registry", "x"],
    ["--pkg-path", "mice.pkg.slp"],
  ];
  for (const args of wrong) {
    const { code, stderr } = await room.train(args);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, /^hint: /m);
  }
});

Deno.test("labels on the worker: in a mount they are trained, elsewhere refused", {
  // There both machines are one: a path that only the worker has begins with its own folder.
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using room = await RoomWorld.create();
  await Deno.mkdir(room.gpu("data"));
  for (const name of ["data/w.pkg.slp", "o.pkg.slp"]) makeLabels(room.gpu(name));
  await room.startWorker({ args: ["--mount", "data"] });
  const train = (labels: string) =>
    room.cli(["train", "--config", "centroid.yaml", "--labels", labels]);
  const inside = await train("/proc/self/cwd/data/w.pkg.slp");
  assert.equal(inside.code, 0, inside.stderr);
  assert.equal((await room.model()).metadata?.["dataset"], "w.pkg.slp");
  const missing = await train("/proc/self/cwd/data/none.pkg.slp");
  assert.equal(missing.code, 3, missing.stderr);
  assert.match(missing.stderr, /there is no ".*none\.pkg\.slp" on the worker/);
  for (const labels of ["/proc/self/cwd/o.pkg.slp", "/proc/self/cwd/none.slp", "/none/x.slp"]) {
    const { code, stderr } = await train(labels);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /is not in a folder that the worker allows/);
  }
  const nowhere = await train("none.pkg.slp");
  assert.equal(nowhere.code, 3, nowhere.stderr);
  assert.match(nowhere.stderr, /there is no such file\nhint: /);
});

Deno.test("--pkg-path: a training package of the laptop is trained on the worker", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const script = "sleap-nn train --config c.yaml trainer_config.max_epochs=2\n";
  const zip = buildZip([
    { name: "train-script.sh", data: script },
    { name: "c.yaml", data: configText() },
    { name: "mice.pkg.slp", data: await Deno.readFile(room.laptop("mice.pkg.slp")) },
  ]);
  await Deno.writeFile(room.laptop("job.zip"), zip);
  const { code, stderr } = await room.cli(["train", "--pkg-path", "job.zip"]);
  assert.equal(code, 0, stderr);
  const entry = await room.model();
  assert.equal(entry.metadata?.["dataset"], "job.zip", "2.3.1");
  assert.equal(entry.metrics?.["epochs_completed"], 2);
  await Deno.writeFile(room.laptop("bad.zip"), zip.slice(0, -30));
  const bad = await room.cli(["train", "--pkg-path", "bad.zip"]);
  assert.equal(bad.code, 2, bad.stderr);
});

Deno.test("two configurations that name the laptop's labels: two models of one job", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  await writeConfig(room, "a.yaml", "mice.pkg.slp");
  await writeConfig(room, "b.yaml", "mice.pkg.slp", "centered_instance");
  const args = ["train", "--config", "a.yaml", "--config", "b.yaml", "--json"];
  const { code, stdout, stderr } = await room.cli(args);
  assert.equal(code, 0, stderr);
  const { models } = JSON.parse(stdout);
  assert.deepEqual(models.map((model: { model_type: string }) => model.model_type), [
    "centroid",
    "centered_instance",
  ]);
  assert.equal(models[0].job_id, models[1].job_id);
});

Deno.test("several labels files: exit 2 says how to name one", async () => {
  await using room = await RoomWorld.create();
  await Deno.copyFile(room.laptop("mice.pkg.slp"), room.laptop("other.pkg.slp"));
  await writeConfig(room, "two.yaml", "[mice.pkg.slp, other.pkg.slp]");
  await writeConfig(room, "a.yaml", "mice.pkg.slp");
  await writeConfig(room, "b.yaml", "other.pkg.slp");
  for (const configs of [["two.yaml"], ["a.yaml", "b.yaml"]]) {
    const args = configs.flatMap((name) => ["--config", name]);
    const { code, stderr } = await room.cli(["train", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /name several labels files: .*\nhint: .*--labels FILE/);
  }
});

Deno.test("no secret is ever said or logged", async () => {
  await using room = await RoomWorld.create();
  const wandb = "0123456789abcdef-wandb";
  const worker = await room.startWorker({ args: ["--debug"] });
  const text = configText("centroid", 1, `  wandb: { api_key: "${wandb}" }\n`);
  await Deno.writeTextFile(room.laptop("centroid.yaml"), text);
  const bad = text.replace("optimizer: { lr: 0.001 }", 'optimizer: { lr: "${oc.env:HOME}" }');
  await Deno.writeTextFile(room.laptop("bad.yaml"), bad);
  const client = [
    await room.train(),
    await room.cli(["train", "--config", "bad.yaml", "--labels", "mice.pkg.slp"]),
    await room.cli(["list-models", "--worker", "gpu1", "--json"]),
  ];
  assert.deepEqual(client.map(({ code }) => code), [0, 2, 0], client[1]?.stderr);
  const { id } = await room.model();
  client.push(await room.cli(["model-info", id, "--worker", "gpu1", "--json"]));
  const job = await room.job();
  const server = await room.stopServer();
  const said = [
    ...[...client, await worker.stop()].map(({ stdout, stderr }) => stdout + stderr),
    server.stderr,
    ...await Promise.all(
      [job.logPath, job.eventsPath, job.statePath, room.gpu(`models/centroid_${id}/config.yaml`)]
        .map((path) => Deno.readTextFile(path)),
    ),
    await Deno.readTextFile(room.gpu("models/.registry/manifest.json")),
  ];
  const { pathname, hash } = new URL(room.link);
  const keys = await Promise.all([room.laptop(""), room.gpu("")].map(readRooms));
  const secrets = [
    wandb,
    hash.slice(1),
    pathname.split("/").at(-1) ?? "",
    ...keys.flatMap(({ rooms: [{ account_key, secret }] }) => [account_key, secret]),
  ];
  for (const secret of secrets) {
    assert.ok(secret.length > 5, "it is one");
    for (const text of said) assert.ok(!text.includes(secret), text);
  }
});

/** Ctrl-C, again and again: the first one may wait until a model has its ID. */
async function leave(training: RunningCli): Promise<void> {
  const timer = setInterval(() => {
    try {
      training.kill("SIGINT");
    } catch {
      // It has just ended.
    }
  }, 200);
  const { code, stderr } = await training.ended.finally(() => clearInterval(timer));
  assert.equal(code, 130, stderr);
}

/** Submit trainings one after the other, and leave them: their jobs, in this order. */
async function submitAndLeave(room: RoomWorld, names: readonly string[]): Promise<JobFolder[]> {
  const jobs: JobFolder[] = [];
  for (const name of names) {
    const training = room.startTrain(["--run-name", name]);
    const isNew = (job: JobFolder) => jobs.every(({ jobId }) => jobId !== job.jobId);
    let job: JobFolder | undefined;
    while (job === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      job = (await JobFolder.list(room.gpu(""))).find(isNew);
    }
    jobs.push(job);
    while ((await readRequest(job)).watch.state !== "attached") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await leave(training);
  }
  return jobs;
}

Deno.test("worker killed with one job running and two waiting: all run in order, each once", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker();
  const go = join(room.folder, "go");
  const starts = join(room.folder, "starts");
  await room.setScript({ recordTo: starts, waitForFileAt: { epoch: 1, file: go } });
  const jobs = await submitAndLeave(room, ["a", "b", "c"]);
  for (const job of jobs) assert.equal((await readRequest(job)).watch.state, "none");
  await worker.stop("SIGKILL");
  const again = await room.startWorker();
  await Deno.writeTextFile(go, "");
  for (const job of jobs) await fileExists(join(job.path, "result.json"));
  const lines = (await Deno.readTextFile(starts)).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  const trained = lines.filter(({ args }) => args[0] === "train");
  assert.deepEqual(
    trained.map(({ env }) => basename(env.SLEAP_RTC_JOB)),
    jobs.map(({ jobId }) => jobId),
  );
  for (const job of jobs) assert.equal((await job.readResult())?.status, "succeeded");
  const { stderr } = await again.stop();
  assert.match(stderr, new RegExp(`job ${jobs[0]?.jobId} runs: it is adopted`));
  assert.match(stderr, new RegExp(`job ${jobs[2]?.jobId} waits in the queue`));
});

Deno.test("a watching client: a worker that dies, and one that is ended, lose it", async () => {
  await using room = await RoomWorld.create();
  const worker = await room.startWorker({ args: ["--on-disconnect", "stop"] });
  const { training } = await room.startPaused([], { SLEAP_RTC_RECONNECT_SECONDS: "30" });
  const job = await room.job();
  const watch = async () => (await readRequest(job)).watch;
  assert.equal((await watch()).by?.pid, worker.pid);
  assert.equal((await watch()).on_lost, "stop");
  await worker.stop("SIGKILL");
  assert.equal((await watch()).state, "attached", "nobody was there to write it");
  training.kill("SIGSTOP");
  const second = await room.startWorker();
  assert.deepEqual(await watch(), { state: "lost", by: null, on_lost: "stop" });
  training.kill("SIGCONT");
  while ((await watch()).state !== "attached") await new Promise((r) => setTimeout(r, 50));
  assert.deepEqual((await watch()).on_lost, "continue");
  await second.stop("SIGTERM");
  assert.deepEqual(await watch(), { state: "lost", by: null, on_lost: "continue" });
  training.kill("SIGKILL");
  await training.ended;
});

Deno.test("--max-jobs 2: the room is told that one more would start, until two run", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker({ args: ["--max-jobs", "2"] });
  const properties = async () => {
    const [{ peers }] = JSON.parse((await room.cli(["status", "--json"])).stdout);
    return peers[0]?.metadata.properties;
  };
  const { training, goOn } = await room.startPaused();
  const { status, max_concurrent_jobs } = await properties();
  assert.deepEqual([status, max_concurrent_jobs], ["available", 2]);
  const second = room.startTrain(["--run-name", "second"]);
  while ((await properties()).status !== "busy");
  await goOn();
  const ends = await Promise.all([training.ended, second.ended]);
  assert.deepEqual(ends.map(({ code }) => code), [0, 0]);
  while ((await properties()).status !== "available");
});
