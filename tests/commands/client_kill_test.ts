/** A client that is killed costs nothing but itself. */
import assert from "node:assert/strict";
import { isFinalStatus, JobFolder } from "../../worker/job_folder.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { RoomWorld } from "../support/room_world.ts";
import { fileExists } from "../support/training.ts";

/** What the client has said when it is killed. */
const POINTS = {
  "at once": /^worker: /m,
  "after the upload": /^uploaded /m,
  "when the job is taken": /^job job_/m,
  "when the model is registered": /^registered /m,
  "after an epoch": /epoch 1\//m,
};

Deno.test("a client killed at any point: a job that was taken ends as ever, the next one runs", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  for (const [point, said] of Object.entries(POINTS)) {
    const client = room.startTrain(["--run-name", point]);
    await client.says(said);
    client.kill("SIGKILL");
    await client.ended;
  }
  const last = await room.train(["--run-name", "the next one"]);
  assert.equal(last.code, 0, last.stderr);
  const jobs = await JobFolder.list(room.gpu(""));
  assert.ok(jobs.length >= 4, "the last three were taken, and the next one");
  for (const job of jobs) {
    const { status } = await job.readState();
    assert.ok(isFinalStatus(status), "a queue in order: those before have ended");
    assert.equal(status, "succeeded");
  }
  const models = await (await ModelRegistry.open(room.gpu(""), { create: false })).list();
  assert.deepEqual(models.map(({ status }) => status), jobs.map(() => "completed"));
});

Deno.test("a client killed while its job waits: the job keeps its turn", async () => {
  await using room = await RoomWorld.create();
  await room.startWorker();
  const { training, goOn } = await room.startPaused(["--run-name", "first"]);
  const waiting = room.startTrain(["--run-name", "second"]);
  await waiting.says(/^waiting: 1st in the queue/m);
  waiting.kill("SIGKILL");
  await waiting.ended;
  await room.setScript({});
  await goOn();
  assert.equal((await training.ended).code, 0);
  const jobs = await JobFolder.list(room.gpu(""));
  assert.equal(jobs.length, 2);
  for (const job of jobs) {
    await fileExists(`${job.path}/result.json`);
    assert.equal((await job.readResult())?.status, "succeeded");
  }
});
