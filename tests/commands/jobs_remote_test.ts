import assert from "node:assert/strict";
import { join } from "node:path";
import { type JoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import { ConflictError } from "../../lib/errors.ts";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import type { TrainSubmission } from "../../lib/protocol/job_submit.ts";
import { UPLOAD_METHODS } from "../../lib/protocol/upload.ts";
import { WORKER_METHODS } from "../../lib/protocol/worker_calls.ts";
import { cliCommand, saidUntil, spawnCli } from "../support/cli.ts";
import { type FakeClient, FakeWorker, jobHandlers, jobSummary } from "../support/fake_worker.ts";
import { RoomWorld } from "../support/room_world.ts";
import { fileExists } from "../support/training.ts";

const { getModel, listJobs, requestOfJob, readJobLog, watchJob } = WORKER_METHODS;
const { abandonModel, describeJob, jobEnded, jobEvent, jobQueued } = WORKER_METHODS;
const JOB = "job_abcd0001";
const TIME = "2026-11-24T08:00:00.000Z";

async function roomOf(world: RoomWorld): Promise<JoinedRoom> {
  const [room] = await joinedRooms(world.laptop("home"));
  assert.ok(room);
  return room;
}

async function tell({ rpc }: FakeClient, seq: number, body: JobEventBody): Promise<void> {
  await rpc.notify(jobEvent, { job_id: JOB, event: { seq, time: TIME, ...body } });
}

async function end({ rpc }: FakeClient): Promise<void> {
  await rpc.notify(jobEnded, { job_id: JOB, status: "succeeded", error: null, models: [] });
}

function epoch(number: number): JobEventBody {
  const losses = { train_loss: 0.5, val_loss: 0.25 };
  return { type: "epoch", model: 0, attempt: 1, epoch: number, ...losses };
}

function modelOf(id: string, more: Record<string, unknown> = {}) {
  return {
    entry: { id, model_type: "centroid", status: "interrupted", ...more },
    checkpoint_exists: true,
    supervised: true,
    location: { host: "h", root: "/r" },
    missing_files: [],
  };
}

Deno.test("jobs list asks all workers of the room; one that cannot answer is a warning", async () => {
  await using world = await RoomWorld.create();
  const room = await roomOf(world);
  const queued = jobSummary("job_abcd0002", {
    status: "queued",
    position: 2,
    reason: "waits for job_abcd0001",
    created_at: "2026-11-24T09:00:00.000Z",
    models: [{
      model_id: null,
      model_type: "bottomup",
      status: "pending",
      epochs_completed: 0,
      max_epochs: null,
    }],
  });
  await using _gpu1 = await FakeWorker.enter(room, "gpu1", { handlers: jobHandlers([queued]) });
  await using _gpu2 = await FakeWorker.enter(room, "gpu2", {
    handlers: jobHandlers([jobSummary(JOB, { requested: "stop" })]),
  });
  await using _odd = await FakeWorker.enter(room, "gpu3", {
    handlers: { [listJobs]: () => ({ jobs: "many" }) },
  });
  const { code, stdout, stderr } = await world.cli(["jobs", "list", "--room", room.room_id]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^JOB .*WORKER .*WHY\njob_abcd0002 +queued \(2nd\) +bottomup pending +gpu1 .* waits for job_abcd0001\njob_abcd0001 +running \(stopping\) +centroid aaaa0000 3\/10 +gpu2 /,
  );
  assert.match(stderr, /worker "gpu3": Cannot read jobs.list/);
  const json = await world.cli(["jobs", "list", "--worker", "gpu2", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), [
    { ...jobSummary(JOB, { requested: "stop" }), worker: "gpu2" },
  ]);
  const alone = await world.cli(["jobs", "list", "--worker", "gpu3"]);
  assert.equal(alone.code, 1, "the only one that is asked");
});

Deno.test("jobs stop finds the worker that has the job, by a prefix, too", async () => {
  await using world = await RoomWorld.create();
  const room = await roomOf(world);
  const asked: unknown[] = [];
  const other = jobHandlers([jobSummary("job_11110000")]);
  await using _gpu1 = await FakeWorker.enter(room, "gpu1", { handlers: other });
  await using _gpu2 = await FakeWorker.enter(room, "gpu2", {
    handlers: {
      ...jobHandlers([jobSummary(JOB)]),
      [requestOfJob]: (params) => {
        asked.push(params);
        return jobSummary(JOB, { requested: "stop" });
      },
    },
  });
  for (const name of ["abcd", JOB]) {
    const stopped = await world.cli(["jobs", "stop", name, "--room", room.room_id]);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.ok(
      stopped.stdout.endsWith(
        `See: sleap-rtc jobs attach ${JOB} --room ${room.room_id} --worker gpu2\n`,
      ),
    );
  }
  assert.deepEqual(asked, [{ job_id: JOB, what: "stop" }, { job_id: JOB, what: "stop" }]);
  const unknown = await world.cli(["jobs", "stop", "job_abcd0010", "--room", room.room_id]);
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /hint: Did you mean job_abcd0001\?\n$/);
  const here = await world.cli(["jobs", "stop", JOB]);
  assert.equal(here.code, 3);
  const everywhere = `sleap-rtc jobs list, sleap-rtc jobs list --room ${room.room_id}`;
  assert.ok(here.stderr.endsWith(`hint: All jobs: ${everywhere}\n`), here.stderr);
});

Deno.test("jobs cancel of an ended job: the worker's refusal keeps its exit code", async () => {
  await using world = await RoomWorld.create();
  await using _gpu1 = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      ...jobHandlers([jobSummary(JOB, { status: "succeeded" })]),
      [requestOfJob]: () => {
        throw new ConflictError(`Job ${JOB} has ended: succeeded`);
      },
    },
  });
  const { code, stderr } = await world.cli(["jobs", "cancel", JOB, "--worker", "gpu1"]);
  assert.equal(code, 7, stderr);
});

Deno.test("jobs attach: where it waits, its events once, its end; --from beyond the end", async () => {
  await using world = await RoomWorld.create();
  const watched: unknown[] = [];
  await using worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      ...jobHandlers([jobSummary(JOB)]),
      [watchJob]: (params, client) => {
        watched.push(params);
        void (async () => {
          for (const position of [2, 1]) {
            const reason = "waits for job_11110000";
            await client.rpc.notify(jobQueued, { job_id: JOB, position, reason });
          }
          await tell(client, 7, epoch(4));
          await tell(client, 8, { type: "connection_lost", model: 0, attempt: 1 });
          await tell(client, 9, { type: "connection_regained", model: 0, attempt: 1 });
          await tell(client, 10, { type: "requested", what: "finish", model: 0 });
          await end(client);
        })();
        return null;
      },
    },
  });
  const { code, stderr } = await world.cli([
    ...["jobs", "attach", JOB, "--worker", "gpu1", "--from", "99"],
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(watched, [{ job_id: JOB, after_seq: 98 }]);
  assert.deepEqual(stderr.split("\n").slice(1), [
    `job ${JOB}`,
    "waiting: 2nd in the queue (waits for job_11110000)",
    "waiting: 1st in the queue (waits for job_11110000)",
    "warning: the job has no event 99 yet: shown from its last one on",
    "centroid aaaa0000  epoch 5/10  train loss 0.5000  val loss 0.2500",
    "nobody watched: the training went on",
    "asked to finish early",
    "",
  ]);
  assert.ok(!(await worker.seenUntil("goodbye")).includes(WORKER_METHODS.unwatchJob));
});

Deno.test("jobs attach: Ctrl-C says goodbye to the job before the connection ends", async () => {
  await using world = await RoomWorld.create();
  await using worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: { ...jobHandlers([jobSummary(JOB)]), [watchJob]: () => null },
  });
  const args = ["jobs", "attach", JOB, "--worker", "gpu1"];
  const attached = spawnCli(args, { cwd: world.laptop("") });
  await worker.seenUntil(watchJob);
  attached.kill("SIGINT");
  const { code, stderr } = await attached.ended;
  assert.equal(code, 130, stderr);
  assert.deepEqual(await worker.seenUntil("goodbye"), [WORKER_METHODS.unwatchJob, "goodbye"]);
  assert.deepEqual(stderr.trimEnd().split("\n").slice(-4), [
    `job ${JOB} goes on without this command`,
    `stop after the running epoch, to resume it later: sleap-rtc jobs stop ${JOB} --worker gpu1`,
    `cancel: sleap-rtc jobs cancel ${JOB} --worker gpu1`,
    `attach again: sleap-rtc jobs attach ${JOB} --worker gpu1`,
  ]);
});

Deno.test("Ctrl-C in jobs attach and logs of a job that has ended does not say that it goes on", async () => {
  await using world = await RoomWorld.create();
  const status = "failed";
  const handlers = jobHandlers([jobSummary(JOB)]);
  await using worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      ...handlers,
      [describeJob]: () => ({ model_types: ["centroid"], log_path: "", warnings: [], status }),
      [readJobLog]: () => ({ text: "", next: 0, ended: false, status }),
      [watchJob]: () => null,
    },
  });
  for (const [args, call] of [[["attach"], watchJob], [["logs", "-f"], readJobLog]] as const) {
    const place = ["--worker", "gpu1"];
    const left = spawnCli(["jobs", ...args, JOB, ...place], { cwd: world.laptop("") });
    await worker.seenUntil(call);
    if (call === readJobLog) await worker.seenUntil(call);
    left.kill("SIGINT");
    const { code, stderr } = await left.ended;
    assert.equal(code, 130, stderr);
    assert.deepEqual(stderr.trimEnd().split("\n").slice(-2), [
      `job ${JOB} has ended: failed`,
      `attach again: sleap-rtc jobs attach ${JOB} --worker gpu1`,
    ]);
    await worker.seenUntil("goodbye");
  }
});

Deno.test("jobs logs puts the parts of a worker's answers together", async () => {
  await using world = await RoomWorld.create();
  const asked: unknown[] = [];
  const parts = [
    { text: "one\n", next: 14, ended: false },
    { text: "", next: 14, ended: false },
    { text: "two\n", next: 18, ended: true },
  ];
  await using _worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      ...jobHandlers([jobSummary(JOB)]),
      [readJobLog]: (params) => {
        asked.push(params);
        return parts[asked.length - 1];
      },
    },
  });
  const args = ["jobs", "logs", JOB, "--worker", "gpu1", "--follow", "--from", "5"];
  const { code, stdout, stderr } = await world.cli(args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "one\ntwo\n");
  assert.deepEqual(asked, [
    { job_id: JOB, at_seq: 5 },
    { job_id: JOB, from: 14 },
    { job_id: JOB, from: 14 },
  ]);
});

Deno.test("train while another job runs: it is taken, waits visibly, and may be left", async () => {
  await using world = await RoomWorld.create();
  await using worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      ...jobHandlers([jobSummary(JOB)]),
      [UPLOAD_METHODS.begin]: () => ({ have: "/uploads/x" }),
      [watchJob]: async (_params, { rpc }) => {
        const notice = { job_id: JOB, position: 1, reason: "waits for job_11110000" };
        await rpc.notify(jobQueued, notice);
        return null;
      },
    },
    onSubmit: () => JOB,
  });
  const files = ["--config", "centroid.yaml", "--labels", "mice.pkg.slp"];
  const child = cliCommand(["train", ...files], { cwd: world.laptop("") }).spawn();
  const said = await saidUntil(child.stderr, "in the queue");
  assert.match(said, /job job_abcd0001\nwaiting: 1st in the queue \(waits for job_11110000\)/);
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  await child.stdout.cancel();
  const seen = await worker.seenUntil("goodbye");
  assert.deepEqual(seen.slice(-2), [WORKER_METHODS.unwatchJob, "goodbye"]);
});

Deno.test("train --resume asks the worker that has the model, and sends no files", async () => {
  await using world = await RoomWorld.create();
  const room = await roomOf(world);
  const submitted: Partial<TrainSubmission>[] = [];
  await using _gpu1 = await FakeWorker.enter(room, "gpu1", {
    handlers: { [getModel]: () => modelOf("bbbb0000", { id: 7 }) },
  });
  await using _gpu2 = await FakeWorker.enter(room, "gpu2", {
    handlers: { ...jobHandlers([jobSummary(JOB)]), [getModel]: () => modelOf("aaaa0000") },
    onSubmit: (submission) => {
      submitted.push(submission);
      return JOB;
    },
  });
  const args = ["train", "--resume", "aaaa", "--restart", "--max-epochs", "9", "--detach"];
  const { code, stdout, stderr } = await world.cli(args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${JOB}\n`);
  const [{ idempotency_key, ...submission } = {}] = submitted;
  assert.match(String(idempotency_key), /^[\w-]{8,64}$/);
  const wanted = { type: "train", resume_model: "aaaa", restart: true, max_epochs: 9 };
  assert.deepEqual(submission, wanted);
  assert.match(stderr, /worker: gpu2\n/);
  const alone = await world.cli(["train", "--restart"]);
  assert.equal(alone.code, 2);
});

Deno.test("abandon-model asks the worker that has the model", async () => {
  await using world = await RoomWorld.create();
  const abandoned: unknown[] = [];
  await using _worker = await FakeWorker.enter(await roomOf(world), "gpu1", {
    handlers: {
      [getModel]: () => modelOf("aaaa0000"),
      [abandonModel]: (params) => {
        abandoned.push(params);
        return modelOf("aaaa0000", { status: "abandoned" });
      },
    },
  });
  const { code, stdout, stderr } = await world.cli(["abandon-model", "aaaa", "--worker", "gpu1"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(abandoned, [{ name: "aaaa0000" }]);
  assert.match(
    stdout,
    /resume it all the same: sleap-rtc train --resume aaaa0000 --worker gpu1\n$/,
  );
});

Deno.test("a real worker: train --detach, two attach, one leaves, the other sees the end", async () => {
  await using world = await RoomWorld.create();
  await world.startWorker();
  const { training, goOn } = await world.startPaused(["--detach"]);
  const detached = await training.ended;
  assert.equal(detached.code, 0, detached.stderr);
  const { jobId } = await world.job();
  assert.equal(detached.stdout, `${jobId}\n`);
  const attach = ["jobs", "attach", jobId, "--worker", "gpu1"];
  assert.ok(detached.stderr.endsWith(`attach: sleap-rtc ${attach.join(" ")}\n`));
  const staying = world.cli(attach);
  const leaving = cliCommand(attach, { cwd: world.laptop("") }).spawn();
  await saidUntil(leaving.stderr, "epoch 1/3");
  leaving.kill("SIGINT");
  assert.equal((await leaving.status).code, 130);
  await leaving.stdout.cancel();
  await goOn();
  const { code, stdout, stderr } = await staying;
  assert.equal(code, 0, stderr);
  const epochs = [...stderr.matchAll(/epoch (\d)\/3/g)].map(([, number]) => number);
  assert.deepEqual(epochs, ["1", "2", "3"]);
  assert.match(stdout, /^centroid \w+ {2}completed/);
  const again = await world.cli([...attach, "--json"]);
  assert.equal(JSON.parse(again.stdout).status, "succeeded", "an ended job is shown at once");
  await fileExists(join((await world.job()).path, "result.json"));
});
