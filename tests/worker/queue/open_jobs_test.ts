import assert from "node:assert/strict";
import { join } from "node:path";
import { OpenJobs } from "../../../worker/queue/open_jobs.ts";
import { ENDED_JOB, WorkerBed } from "../../support/worker_bed.ts";

/** Make the time of the last change in the folder an old one, as if nobody had come for a while. */
async function settle(root: string): Promise<void> {
  const time = new Date(Date.now() - 60_000);
  await Deno.utime(join(root, "jobs"), time, time);
}

Deno.test("a job that has ended is not read again; new, removed and returned ones are noticed", async () => {
  await using bed = await WorkerBed.create();
  const open = new OpenJobs(bed.root);
  assert.deepEqual(await open.look(), []);
  const ended = await bed.context.queue.find(ENDED_JOB);
  const state = await ended.readState();
  await ended.writeState({ ...state, status: "queued", turn: 1 });
  assert.deepEqual(await open.look(), [], "it is known to have ended");
  await settle(bed.root);
  await open.look();
  assert.deepEqual(await open.look(), []);
  const job = await bed.addWaitingJob();
  const ids = async () => (await open.look()).map(({ folder }) => folder.jobId);
  assert.deepEqual(await ids(), [job.jobId]);
  await settle(bed.root);
  assert.deepEqual(await ids(), [job.jobId]);
  assert.deepEqual(await ids(), [job.jobId], "without a list of names");
  const away = join(bed.root, "away");
  await Deno.rename(ended.path, away);
  assert.deepEqual(await ids(), [job.jobId]);
  await Deno.rename(away, ended.path);
  assert.deepEqual(await ids(), [ENDED_JOB, job.jobId].sort(), "another job of the same name");
});
