import assert from "node:assert/strict";
import { join } from "node:path";
import { type JoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import { recordPath } from "../../lib/protocol/prediction_record.ts";
import { WORKER_METHODS } from "../../lib/protocol/worker_calls.ts";
import { runCli } from "../support/cli.ts";
import { TRACK_JOB } from "../support/download.ts";
import { FakeWorker, jobHandlers, jobSummary } from "../support/fake_worker.ts";
import { RoomWorld } from "../support/room_world.ts";
import { addTrackJob } from "../support/track_job.ts";
import { someBytes } from "../support/transfer.ts";

const CONTENT = someBytes(500_000);
const OUT = "clip.predictions.slp";
const COMMAND = ["sleap-nn", "predict", "--data_path", "clip.mp4"];

function frames(done: number): JobEventBody {
  return { type: "frames", phase: "inference", done, total: 100, rate: 33, eta: 1 };
}

const EVENTS: JobEventBody[] = [
  { type: "predictor_started", pid: 1, command: COMMAND, log_offset: 0 },
  ...[0, 5, 10, 15, 50, 100].map(frames),
  {
    type: "predictions_written",
    output: { path: "/p.slp", sha256: "ab".repeat(32), bytes: 500_000 },
    frames: 100,
  },
  { type: "job_finished", status: "succeeded", error: null },
];

async function attach(world: RoomWorld, ...args: string[]) {
  return await world.cli(["jobs", "attach", TRACK_JOB, "--worker", "gpu1", ...args]);
}

Deno.test("jobs attach of a worker's predictions shows them and puts them here, proved", async () => {
  await using world = await RoomWorld.create();
  await addTrackJob(world.gpu(""), { content: CONTENT, events: EVENTS });
  await world.startWorker();
  const { code, stdout, stderr } = await attach(world);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${world.laptop(OUT)}\n`);
  assert.deepEqual(await Deno.readFile(world.laptop(OUT)), CONTENT);
  const record = JSON.parse(await Deno.readTextFile(recordPath(world.laptop(OUT))));
  assert.equal(record.models[0].model_id, "a3f5e8c9");
  const shown = stderr.slice(stderr.indexOf("job job_"));
  assert.match(
    shown,
    new RegExp([
      `^job ${TRACK_JOB}`,
      "predicting clip\\.mp4 with mouse-v2 \\(a3f5e8c9\\)",
      COMMAND.join(" "),
      // Of those that it finds together the worker tells the newest one alone.
      "frames 100 of 100 .*",
      "wrote predictions of 100 frames: 500.0 kB, sha256 abababababab…",
      "fetched 500.0 kB, sha256 [0-9a-f]{12}…\n$",
    ].join("\n")),
  );

  const again = await attach(world);
  assert.equal(again.code, 7);
  assert.match(again.stderr, new RegExp(`Refused to write ".*/${OUT}": it exists already`));
  assert.doesNotMatch(again.stderr, /predicting/);
  await Deno.writeTextFile(world.laptop(OUT), "old");
  const forced = await attach(world, "--force", "--json");
  assert.equal(forced.code, 0, forced.stderr);
  assert.deepEqual(JSON.parse(forced.stdout), {
    job_id: TRACK_JOB,
    status: "succeeded",
    output: world.laptop(OUT),
    models: ["a3f5e8c9"],
  });
  assert.equal((await Deno.stat(world.laptop(OUT))).size, CONTENT.length);
  const named = await attach(world, "-o", "mine.slp");
  assert.equal(named.stdout, `${world.laptop("mine.slp")}\n`);
  const nowhere = await attach(world, "-o", "none/mine.slp");
  assert.equal(nowhere.code, 3);
});

Deno.test("jobs attach of predictions that failed: the reason, no hint to resume, nothing here", async () => {
  await using world = await RoomWorld.create();
  const error = "CUDA out of memory";
  await addTrackJob(world.gpu(""), { status: "failed", error, content: null });
  await world.startWorker();
  await Deno.writeTextFile(world.laptop(OUT), "mine");
  const { code, stdout, stderr } = await attach(world);
  assert.equal(code, 6);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    new RegExp(
      `error: Job ${TRACK_JOB} failed: ${error}\nhint: sleap-nn's output: ` +
        `sleap-rtc jobs logs ${TRACK_JOB} --worker gpu1\n$`,
    ),
  );
  assert.equal(await Deno.readTextFile(world.laptop(OUT)), "mine");
});

Deno.test("jobs attach, list and logs of predictions of this machine", async () => {
  await using world = await RoomWorld.create();
  const folder = await addTrackJob(world.gpu(""), { content: CONTENT, events: EVENTS });
  await Deno.writeTextFile(folder.logPath, "sleap-nn says\n");
  const cli = (...args: string[]) => runCli(args, { cwd: world.gpu("") });
  await Deno.mkdir(world.gpu("models/.registry"), { recursive: true });
  const attached = await cli("jobs", "attach", TRACK_JOB);
  assert.equal(attached.code, 0, attached.stderr);
  assert.equal(attached.stdout, `${join(folder.path, "predictions.slp")}\n`);
  const named = await cli("jobs", "attach", TRACK_JOB, "-o", "x.slp");
  assert.equal(named.code, 2);
  assert.match(named.stderr, /on this machine already/);
  const listed = await cli("jobs", "list");
  assert.match(
    listed.stdout,
    /^JOB +STATUS +TYPE +MODELS +DATA +CREATED\njob_22222222 +succeeded +track +single_instance a3f5e8c9 +clip\.mp4 /,
  );
  const logs = await cli("jobs", "logs", TRACK_JOB);
  assert.equal(logs.stdout, "sleap-nn says\n");
});

Deno.test("jobs attach -o of a job that trains is refused", async () => {
  await using world = await RoomWorld.create();
  const [room] = await joinedRooms(world.laptop("home"));
  const handlers = jobHandlers([jobSummary(TRACK_JOB)]);
  await using _gpu1 = await FakeWorker.enter(room as JoinedRoom, "gpu1", { handlers });
  const { code, stderr } = await attach(world, "-o", "x.slp");
  assert.equal(code, 2, stderr);
  assert.match(stderr, /trains: it makes no predictions/);
});

Deno.test("whoever leaves predictions is not told to resume them", async () => {
  await using world = await RoomWorld.create();
  const [room] = await joinedRooms(world.laptop("home"));
  const handlers = {
    ...jobHandlers([jobSummary(TRACK_JOB)]),
    [WORKER_METHODS.describeJob]: () => ({
      type: "track",
      data_name: "../../clip.mp4",
      model_types: ["centroid"],
      predictors: [{ model_id: "a3f5e8c9", alias: null, checkpoint_path: "/best.ckpt" }],
      log_path: "log.txt",
      warnings: ["the GPU is hot"],
      status: "running",
    }),
    [WORKER_METHODS.watchJob]: () => null,
  };
  await using gpu1 = await FakeWorker.enter(room as JoinedRoom, "gpu1", { handlers });
  const attaching = world.start(["jobs", "attach", TRACK_JOB, "--worker", "gpu1"]);
  await gpu1.seenUntil(WORKER_METHODS.watchJob);
  attaching.kill("SIGINT");
  const { code, stderr } = await attaching.ended;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /warning: the GPU is hot/);
  assert.match(stderr, /goes on without this command\ncancel: .*\nattach again: .*\n$/);
});
