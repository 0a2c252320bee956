import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import type { JobFolder } from "../../worker/job_folder.ts";
import { changeRequest } from "../../worker/requests/job_request.ts";
import { lifeOf } from "../../worker/job_life.ts";
import { ended, QueueBed, trains, until } from "../support/queue_bed.ts";
import { fileExists } from "../support/training.ts";

/** A worker that is gone. */
const GONE = {
  pid: 999_999,
  start_time: "1",
  boot_id: "gone",
  pid_namespace: null,
  host: hostname(),
};
const BOOKED_WITHIN_MS = 5_000;
const UNTOUCHED =
  /^The job was ended before its first model was begun \(stopped\): submit it again$/;

async function killSupervisor(job: JobFolder): Promise<number> {
  const { supervisor } = await job.readState();
  assert.ok(supervisor !== null);
  Deno.kill(supervisor.pid, "SIGKILL");
  return performance.now();
}

async function assertBooked(job: JobFolder, killedAt: number): Promise<void> {
  await until(async () => await job.readResult() !== null);
  const took = performance.now() - killedAt;
  assert.ok(took < BOOKED_WITHIN_MS, `booked after ${took} ms`);
  assert.equal(await ended(job), "interrupted");
}

Deno.test("jobs run one after the other, in the order in which they were submitted", async () => {
  await using bed = await QueueBed.create();
  await bed.queue.start();
  const jobs = [];
  for (const name of ["a", "b", "c", "d"]) jobs.push(await bed.submit(name));
  const [first, second, third, fourth] = jobs;
  assert.ok(first && second && third && fourth);
  await trains(first);
  assert.equal(bed.queue.placeOf(first.jobId), null);
  assert.deepEqual(bed.queue.placeOf(second.jobId), {
    position: 1,
    reason: `waits for ${first.jobId}`,
  });
  assert.deepEqual(bed.queue.placeOf(fourth.jobId), {
    position: 3,
    reason: `waits for ${third.jobId}`,
  });
  assert.deepEqual(bed.queue.fill, { busyWith: first.jobId, waiting: 3 });
  assert.equal(await lifeOf(second), "waiting");
  await bed.goOn();
  for (const job of jobs) assert.equal(await ended(job), "succeeded");
  await until(() => bed.queue.fill.busyWith === null);
  assert.deepEqual(await bed.starts(), jobs.map(({ jobId }) => jobId));
});

Deno.test("two at a time: the third waits", async () => {
  await using bed = await QueueBed.create({ maxJobs: 2 });
  await bed.queue.start();
  const jobs = [await bed.submit("a"), await bed.submit("b"), await bed.submit("c")];
  await until(async () => (await bed.starts()).length === 2);
  const [, , third] = jobs;
  assert.ok(third);
  await bed.queue.look();
  const reason = "2 jobs at a time here";
  assert.deepEqual(bed.queue.placeOf(third.jobId), { position: 1, reason });
  assert.equal((await bed.starts()).length, 2);
  await bed.goOn();
  for (const job of jobs) assert.equal(await ended(job), "succeeded");
  assert.equal((await bed.starts()).at(-1), third.jobId);
});

Deno.test("a queue that is started again goes on: what runs is adopted, what waits keeps its order", async () => {
  await using bed = await QueueBed.create();
  await bed.queue.start();
  const jobs = [await bed.submit("a"), await bed.submit("b"), await bed.submit("c")];
  const [first, second] = jobs;
  assert.ok(first && second);
  await trains(first);
  await bed.restart();
  assert.deepEqual(bed.queue.placeOf(second.jobId)?.reason, `waits for ${first.jobId}`);
  jobs.push(await bed.submit("d"));
  await bed.goOn();
  for (const job of jobs) assert.equal(await ended(job), "succeeded");
  assert.deepEqual(await bed.starts(), jobs.map(({ jobId }) => jobId));
});

Deno.test("a worker killed between its turn and the supervisor: the job waits again", async () => {
  await using bed = await QueueBed.create();
  const job = await bed.submit("a");
  await job.writeState({ ...await job.readState(), starter: GONE });
  assert.equal(await lifeOf(job), "waiting");
  await bed.goOn();
  await bed.queue.start();
  assert.equal(await ended(job), "succeeded");
  assert.deepEqual(await bed.starts(), [job.jobId]);
});

Deno.test("a worker killed right after the start of the supervisor: nothing is started twice", async () => {
  await using bed = await QueueBed.create();
  const job = await bed.submit("a");
  await bed.queue.start();
  {
    using _lock = await job.lock();
    const state = await job.readState();
    if (state.status === "queued") await job.writeState({ ...state, starter: GONE });
  }
  await bed.restart();
  await trains(job);
  await bed.goOn();
  assert.equal(await ended(job), "succeeded");
  assert.deepEqual(await bed.starts(), [job.jobId]);
});

Deno.test("a supervisor that cannot be started: the job fails with the reason, the next one runs", async () => {
  await using bed = await QueueBed.create();
  await bed.goOn();
  const [broken, next] = [await bed.submit("a"), await bed.submit("b")];
  await Deno.mkdir(broken.logPath);
  await bed.queue.start();
  assert.equal(await ended(next), "succeeded");
  assert.equal(await ended(broken), "failed");
  assert.match((await broken.readResult())?.error ?? "", /log\.txt/);
  assert.deepEqual(await bed.starts(), [next.jobId]);
});

Deno.test("a damaged job does not hold up the others", async () => {
  await using bed = await QueueBed.create();
  await bed.goOn();
  const [broken, next] = [await bed.submit("a"), await bed.submit("b")];
  await Deno.writeTextFile(broken.statePath, "{");
  await Deno.remove(broken.specPath);
  await bed.queue.start();
  assert.equal(await ended(next), "succeeded");
});

Deno.test("a supervisor killed under a living worker is booked within 5 s", async () => {
  await using bed = await QueueBed.create();
  await bed.queue.start();
  const [first, second] = [await bed.submit("a"), await bed.submit("b")];
  await fileExists(bed.world.path("reached"));
  const killed = await killSupervisor(first);
  await assertBooked(first, killed);
  await trains(second);
  await bed.restart();
  await until(async () => (await bed.registry.list({ status: "training" })).length === 1);
  await until(async () => (await second.readState()).models[0]?.model_id !== null);
  const { id } = (await bed.registry.list({ status: "training" }))[0] ?? {};
  await until(async () => (await bed.registry.get(id ?? ""))?.checkpoint_path !== null);
  await assertBooked(second, await killSupervisor(second));
});

Deno.test("a training that somebody starts beside the queue counts, and is booked when it dies", async () => {
  await using bed = await QueueBed.create();
  await bed.queue.start();
  const training = bed.world.startTrain();
  await fileExists(bed.world.path("reached"));
  const local = await bed.world.job();
  await until(() => bed.queue.fill.busyWith === local.jobId);
  const job = await bed.submit("queued");
  assert.equal(bed.queue.placeOf(job.jobId)?.reason, `waits for ${local.jobId}`);
  training.kill("SIGKILL");
  await training.ended;
  await assertBooked(local, await killSupervisor(local));
  await bed.goOn();
  assert.equal(await ended(job), "succeeded");
});

Deno.test("--on-disconnect stop, its client gone while the job waited: it is trained before it stops", async () => {
  await using bed = await QueueBed.create();
  const job = await bed.submit("waits");
  await changeRequest(job, (request) => ({
    ...request,
    watch: { state: "lost", by: null, on_lost: "stop" },
  }));
  await bed.queue.start();
  assert.equal(await ended(job), "interrupted");
  const [model] = await bed.registry.getInterrupted();
  assert.equal(model?.job_id, job.jobId, "there is something to resume");
  assert.deepEqual([model.reason, model.checkpoint?.epoch], ["connection lost", 0]);
});

Deno.test("a stop before the first model: the job says that nothing was begun", async () => {
  await using bed = await QueueBed.create();
  const job = await bed.submit("waits");
  const end = { what: "stop" as const, asked_at: new Date().toISOString() };
  await changeRequest(job, (request) => ({ ...request, end }));
  await bed.queue.start();
  assert.equal(await ended(job), "interrupted");
  assert.match((await job.readResult())?.error ?? "", UNTOUCHED);
  assert.deepEqual(await bed.registry.list(), []);
});

Deno.test("the same idempotency key gives the same job: twice at once, later, after a restart", async () => {
  await using bed = await QueueBed.create();
  const key = "0123456789abcdef";
  const [one, same] = await Promise.all([bed.submit("a", key), bed.submit("a", key)]);
  assert.equal(one.jobId, same.jobId);
  const hash = createHash("sha256").update(key).digest("hex");
  assert.equal(one.jobId, `job_${hash.slice(0, 8)}`);
  assert.equal((await one.readSpec()).idempotency_key, key);
  await bed.goOn();
  await bed.queue.start();
  assert.equal(await ended(one), "succeeded");
  await bed.restart();
  assert.equal((await bed.submit("a", key)).jobId, one.jobId);
  assert.equal(await bed.queue.findByKey(key), one.jobId);
  assert.equal(await bed.queue.findByKey("another-key"), null);
  assert.deepEqual(await bed.starts(), [one.jobId]);
});

Deno.test("two keys of one ID are two jobs", async () => {
  await using bed = await QueueBed.create();
  const key = "0123456789abcdef";
  const first = await bed.submit("a", key);
  const spec = await first.readSpec();
  const text = JSON.stringify({ ...spec, idempotency_key: "another key of this ID" });
  await Deno.writeTextFile(first.specPath, text);
  const second = await bed.submit("b", key);
  assert.notEqual(second.jobId, first.jobId);
  assert.equal((await bed.submit("b", key)).jobId, second.jobId);
});

const IS_LONG = Boolean(Deno.env.get("SLEAP_RTC_LONG"));
const JOBS = IS_LONG ? 60 : 4;

Deno.test(`the worker killed at random moments: ${JOBS} jobs run in order, each once`, async () => {
  await using bed = await QueueBed.create();
  await bed.goOn();
  const jobs: JobFolder[] = [];
  for (let n = 0; n < JOBS; n++) jobs.push(await bed.submit(`run ${n}`));
  const program = fileURLToPath(new URL("../support/run_queue.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const { folder, trainer } = bed.world;
  const args = ["run", "-A", "--quiet", "--config", config, program, folder, trainer];
  const isOver = async () => {
    const results = await Promise.all(jobs.map((job) => job.readResult()));
    return results.every((result) => result !== null);
  };
  while (!(await isOver())) {
    const worker = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1_200));
    worker.kill("SIGKILL");
    await worker.status;
  }
  for (const job of jobs) assert.equal(await ended(job), "succeeded");
  assert.deepEqual(await bed.starts(), jobs.map(({ jobId }) => jobId));
});
