import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeJobEvent } from "../../../lib/protocol/job_events.ts";
import type { JobLogPart, JobPage } from "../../../lib/protocol/worker_calls.ts";
import { WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { FileLock } from "../../../lib/files/lock.ts";
import { type JobFolder, workerLockPath } from "../../../worker/job_folder.ts";
import { jobHandlers } from "../../../worker/handlers/jobs.ts";
import { registryHandlers } from "../../../worker/handlers/registry.ts";
import { WatchHandlers } from "../../../worker/handlers/watching.ts";
import { summariseJobs } from "../../../worker/view/describe_job.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { Inbox } from "../../support/inbox.ts";
import { ENDED_JOB, WorkerBed } from "../../support/worker_bed.ts";

interface Notice {
  method: string;
  params: Record<string, unknown>;
}

async function call(bed: WorkerBed, method: string, params: unknown): Promise<unknown> {
  return await jobHandlers(bed.context)[method]?.(params);
}

/** What one who watches is told. */
function watcher(bed: WorkerBed): { handlers: WatchHandlers; told: Inbox<Notice> } {
  const told = new Inbox<Notice>();
  const handlers = new WatchHandlers(bed.context, {
    gone: new AbortController().signal,
    send: () => Promise.resolve(),
    notify: (method, params) => {
      told.push({ method, params: params as Record<string, unknown> });
      return Promise.resolve();
    },
  });
  return { handlers, told };
}

Deno.test("jobs.list: newest first, with place and reason, in pages; damaged ones are left out", async () => {
  using log = new CapturedLog();
  await using bed = await WorkerBed.create();
  const waiting: JobFolder[] = [];
  for (let n = 0; n < 60; n++) waiting.push(await bed.addWaitingJob());
  await Deno.writeTextFile(waiting[59]?.specPath ?? "", "{");
  await Deno.mkdir(join(bed.root, "jobs", "job_22222222"));
  const jobs = [];
  let from: number | null = 0;
  let pages = 0;
  while (from !== null) {
    const page = await call(bed, WORKER_METHODS.listJobs, { from }) as JobPage;
    assert.ok(JSON.stringify(page).length < 20_000);
    jobs.push(...page.jobs);
    from = page.next;
    pages++;
  }
  assert.ok(pages > 1);
  assert.equal(jobs.length, 60);
  assert.equal(jobs.at(-1)?.job_id, ENDED_JOB);
  const second = jobs.find(({ position }) => position === 2);
  assert.equal(second?.job_id, waiting[2]?.jobId, "the first one starts at once");
  assert.equal(second?.status, "queued");
  assert.deepEqual(second?.models, [{
    model_id: null,
    model_type: "centroid",
    status: "pending",
    epochs_completed: 0,
    max_epochs: 7,
  }]);
  assert.ok(log.lines.some((line) => /warning: job job_22222222 is not listed/.test(line)));
  const here = await summariseJobs(bed.context.registry);
  assert.deepEqual(here.map(({ job_id }) => job_id), jobs.map(({ job_id }) => job_id));
  const first = here.find(({ position }) => position === 1);
  assert.equal(first?.reason, "waits for a worker in this folder");
  using _worker = await FileLock.acquire(workerLockPath(bed.root));
  const [placed] = (await summariseJobs(bed.context.registry)).filter(({ position }) => position);
  assert.match(placed?.reason ?? "", /^waits for job_/);
});

Deno.test("jobs.request: a waiting job is cancelled at once, and its watchers are told", async () => {
  await using bed = await WorkerBed.create();
  const [first, second] = [await bed.addWaitingJob(), await bed.addWaitingJob()];
  const third = await bed.addWaitingJob();
  const { handlers, told } = watcher(bed);
  await handlers.handlers[WORKER_METHODS.watchJob]({ job_id: third.jobId });
  const { method, params } = await told.next();
  assert.equal(method, WORKER_METHODS.jobQueued);
  assert.deepEqual(params, {
    job_id: third.jobId,
    position: 2,
    reason: `waits for ${second.jobId}`,
  });
  const asked = { job_id: second.jobId, what: "cancel" };
  const { status } = await call(bed, WORKER_METHODS.requestOfJob, asked) as { status: string };
  assert.equal(status, "cancelled");
  const moved = await told.next();
  assert.deepEqual(moved.params, {
    job_id: third.jobId,
    position: 1,
    reason: `waits for ${first.jobId}`,
  });
  await call(bed, WORKER_METHODS.requestOfJob, { job_id: third.jobId, what: "cancel" });
  const events: unknown[] = [];
  let end = await told.next();
  for (; end.method !== WORKER_METHODS.jobEnded; end = await told.next()) {
    const { event, events: several } = end.params as { event?: unknown; events?: unknown[] };
    events.push(...several ?? [event]);
  }
  assert.deepEqual(events.map((event) => (event as { type: string }).type), [
    "requested",
    "job_finished",
  ]);
  assert.equal(end.params["status"], "cancelled");
  await assert.rejects(
    call(bed, WORKER_METHODS.requestOfJob, { job_id: first.jobId, what: "stop" }),
    { exitCode: 7 },
  );
  const again = await call(bed, WORKER_METHODS.requestOfJob, asked) as { status: string };
  assert.equal(again.status, "cancelled", "asked again: the answer was lost");
});

Deno.test("jobs.log: parts that fit into a message, cut between characters", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.context.queue.find(ENDED_JOB);
  const text = `${"\u{1b}[0m".repeat(9_000)}${"ä€😀x".repeat(20_000)}\n`;
  await Deno.writeTextFile(job.logPath, text);
  let read = "";
  let from = 0;
  for (;;) {
    const asked = { job_id: ENDED_JOB, from };
    const part = await call(bed, WORKER_METHODS.readJobLog, asked) as JobLogPart;
    assert.ok(new TextEncoder().encode(JSON.stringify(part)).length < 60_000);
    read += part.text;
    from = part.next;
    if (part.ended) break;
    assert.ok(part.text.length > 0);
  }
  assert.equal(read, text);
  const beyond = await call(bed, WORKER_METHODS.readJobLog, { job_id: ENDED_JOB, from: 1e9 });
  const { length } = new TextEncoder().encode(text);
  assert.deepEqual(beyond, { text: "", next: length, ended: true, status: "succeeded" });
});

Deno.test("jobs.log of a job that has not ended: half a character waits, at_seq finds its trainer", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  const none = await call(bed, WORKER_METHODS.readJobLog, { job_id: job.jobId });
  assert.deepEqual(none, { text: "", next: 0, ended: false, status: "queued" });
  await Deno.writeFile(job.logPath, new TextEncoder().encode("first\nsecond €").subarray(0, -1));
  const part = await call(bed, WORKER_METHODS.readJobLog, { job_id: job.jobId });
  assert.deepEqual(part, { text: "first\nsecond ", next: 13, ended: false, status: "queued" });
  const started = (seq: number, log_offset: number) =>
    `${
      encodeJobEvent({
        seq,
        time: "2026-11-24T08:00:00.000Z",
        type: "trainer_started",
        model: 0,
        attempt: 1,
        pid: 1,
        command: [],
        max_epochs: null,
        log_offset,
      })
    }\n`;
  await Deno.writeTextFile(job.eventsPath, started(2, 0) + started(7, 6));
  for (const [at_seq, text] of [[1, "first"], [6, "first"], [7, "secon"], [99, "secon"]] as const) {
    const asked = { job_id: job.jobId, at_seq };
    const { text: got } = await call(bed, WORKER_METHODS.readJobLog, asked) as JobLogPart;
    assert.equal(got.slice(0, 5), text);
  }
});

Deno.test("jobs.log with at_seq: a client's requests are answered one after the other", async () => {
  await using bed = await WorkerBed.create(20_000);
  const readLog = jobHandlers(bed.context)[WORKER_METHODS.readJobLog];
  const answered: number[] = [];
  const asked = Array.from({ length: 5 }, async (_, n) => {
    await readLog?.({ job_id: ENDED_JOB, at_seq: 20_000 });
    answered.push(n);
    return performance.now();
  });
  const times = await Promise.all(asked);
  assert.deepEqual(answered, [0, 1, 2, 3, 4]);
  assert.equal(new Set(times).size, 5);
  await assert.rejects(async () => await readLog?.({ job_id: "job_00000000", at_seq: 1 }));
  await readLog?.({ job_id: ENDED_JOB, at_seq: 1 });
});

Deno.test("after_seq beyond the end: followed from the end", async () => {
  await using bed = await WorkerBed.create(3);
  const { handlers, told } = watcher(bed);
  await handlers.handlers[WORKER_METHODS.watchJob]({ job_id: ENDED_JOB, after_seq: 500 });
  assert.equal((await told.next()).method, WORKER_METHODS.jobEnded);
});

Deno.test("registry.abandon gives a model up, but none that is trained", async () => {
  await using bed = await WorkerBed.create();
  const { registry } = bed.context;
  const abandon = registryHandlers(registry)[WORKER_METHODS.abandonModel];
  const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
  await assert.rejects(Promise.resolve(abandon?.({ name: "a3f5" })), { exitCode: 7 });
  await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 3);
  const { entry } = await abandon?.({ name: "a3f5" }) as { entry: { status: string } };
  assert.equal(entry.status, "abandoned");
  await assert.rejects(Promise.resolve(abandon?.({ name: "ffff" })), { exitCode: 3 });
});
