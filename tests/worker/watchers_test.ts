import assert from "node:assert/strict";
import { WORKER_METHODS } from "../../lib/protocol/worker_calls.ts";
import { RpcPeer } from "../../lib/rtc/rpc_peer.ts";
import { WatchHandlers } from "../../worker/handlers/watching.ts";
import type { JobFolder } from "../../worker/job_folder.ts";
import { identifyProcess } from "../../worker/host/process_identity.ts";
import { changeRequest, readRequest } from "../../worker/requests/job_request.ts";
import { JobWatchers, loseDeadWatcher } from "../../worker/watchers.ts";
import { ENDED_JOB, type ServedClient, WorkerBed } from "../support/worker_bed.ts";

const { watchJob, unwatchJob } = WORKER_METHODS;

async function watchOf(job: JobFolder) {
  return (await readRequest(job)).watch;
}

function rpcOf({ client }: ServedClient): RpcPeer {
  return new RpcPeer(client.control, { peerId: "worker", handlers: {} });
}

/** Tells one write of a job's request from the next. */
async function inodeOf(job: JobFolder): Promise<number | null> {
  return (await Deno.stat(job.requestPath)).ino;
}

Deno.test("watching by a connection: attached, and none after an unwatch or a goodbye", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  const params = { job_id: job.jobId };
  await using first = await bed.connect();
  const rpc = rpcOf(first);
  await rpc.call(watchJob, params);
  const by = await identifyProcess(Deno.pid);
  assert.deepEqual(await watchOf(job), { state: "attached", by, on_lost: "continue" });
  await rpc.call(unwatchJob, params);
  assert.deepEqual(await watchOf(job), { state: "none", by: null, on_lost: "continue" });
  await rpc.call(watchJob, params);
  assert.equal((await watchOf(job)).state, "attached");
  await first.client.close();
  await first.served;
  assert.equal((await watchOf(job)).state, "none");
});

Deno.test("the worker closes while somebody watches: lost", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  await using served = await bed.connect();
  await rpcOf(served).call(watchJob, { job_id: job.jobId });
  await served.worker.close("the worker is ended");
  await served.served;
  assert.equal((await watchOf(job)).state, "lost");
});

Deno.test("a client that nothing can be sent to any more has vanished, not left", async () => {
  await using bed = await WorkerBed.create();
  await bed.addWaitingJob();
  const job = await bed.addWaitingJob();
  const told = Promise.withResolvers<void>();
  const watching = new WatchHandlers(bed.context, {
    gone: new AbortController().signal,
    send: () => Promise.resolve(),
    notify: (method) => {
      if (method === WORKER_METHODS.jobLost) told.resolve();
      return Promise.reject(new Error("no way"));
    },
  });
  await watching.handlers[watchJob]({ job_id: job.jobId });
  await told.promise;
  await watching.close("vanished");
  assert.equal((await watchOf(job)).state, "lost");
});

Deno.test("two watchers: only how the last one leaves counts", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  const watchers = new JobWatchers(await identifyProcess(Deno.pid), "stop");
  const [one, two] = [{}, {}];
  await watchers.add(job, one);
  const written = await inodeOf(job);
  await watchers.add(job, two);
  await watchers.add(job, two);
  await watchers.remove(job.jobId, one, "vanished");
  assert.equal((await watchOf(job)).state, "attached");
  assert.equal(await inodeOf(job), written, "nothing changed, nothing is written");
  await watchers.remove(job.jobId, two, "goodbye");
  assert.deepEqual(await watchOf(job), { state: "none", by: null, on_lost: "stop" });
  await watchers.add(job, one);
  await watchers.add(job, two);
  await watchers.remove(job.jobId, one, "goodbye");
  await watchers.remove(job.jobId, two, "vanished");
  await watchers.remove(job.jobId, two, "goodbye");
  assert.deepEqual(await watchOf(job), { state: "lost", by: null, on_lost: "stop" });
});

Deno.test("50 disconnects in a row, some at once with a return: the last one counts", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  const watchers = new JobWatchers(await identifyProcess(Deno.pid), "continue");
  for (let n = 0; n < 50; n++) {
    const watcher = {};
    const added = watchers.add(job, watcher);
    const removed = watchers.remove(job.jobId, watcher, "vanished");
    if (n % 2 === 0) await Promise.all([added, removed]);
  }
  await watchers.add(job, bed);
  assert.equal((await watchOf(job)).state, "attached");
  await watchers.remove(job.jobId, bed, "vanished");
  assert.equal((await watchOf(job)).state, "lost");
});

Deno.test("a watcher of an ended job is none", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.context.queue.find(ENDED_JOB);
  await using served = await bed.connect();
  await rpcOf(served).call(watchJob, { job_id: ENDED_JOB });
  await served.client.close();
  await served.served;
  await assert.rejects(Deno.stat(job.requestPath), Deno.errors.NotFound);
});

Deno.test("a job watched by way of a dead worker has lost its watcher; what was asked stays", async () => {
  await using bed = await WorkerBed.create();
  const job = await bed.addWaitingJob();
  const living = await identifyProcess(Deno.pid);
  const end = { what: "stop" as const, asked_at: "2026-11-24T08:00:00.000Z" };
  const watched = { state: "attached" as const, on_lost: "stop" as const };
  await changeRequest(job, (now) => ({ ...now, end, watch: { ...watched, by: living } }));
  await loseDeadWatcher(job);
  assert.equal((await watchOf(job)).state, "attached");
  const dead = { ...living, start_time: "1" };
  await changeRequest(job, (now) => ({ ...now, watch: { ...watched, by: dead } }));
  await loseDeadWatcher(job);
  const request = await readRequest(job);
  assert.deepEqual(request.watch, { state: "lost", by: null, on_lost: "stop" });
  assert.deepEqual(request.end, end);
});
