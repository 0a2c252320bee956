import assert from "node:assert/strict";
import { findRemoteJob, listRemoteJobs } from "../../../lib/client/remote_jobs.ts";
import { type JobSummary, WORKER_METHODS } from "../../../lib/protocol/worker_calls.ts";
import { FakeWorker, jobHandlers, jobSummary } from "../../support/fake_worker.ts";
import { SignalingBed } from "../../support/signaling.ts";

const JOBS = ["job_aaaa0003", "job_aaaa0002", "job_aaaa0001"].map((id) => jobSummary(id));

/** A job is submitted between the pages: the last one of a page is on the next one again. */
function pages(params: unknown): { jobs: JobSummary[]; next: number | null } {
  const { from } = params as { from: number };
  return { jobs: from === 0 ? JOBS.slice(0, 2) : JOBS.slice(1), next: from === 0 ? 2 : null };
}

Deno.test("a job that two pages name is listed and found once", async () => {
  await using bed = await SignalingBed.create();
  const room = {
    server: bed.url,
    room_id: bed.roomId,
    room_name: bed.roomId,
    account_key: bed.member().key,
    secret: "correct horse battery staple",
    allow_legacy: false,
    joined_at: "",
    joined_with: "",
  };
  await using _worker = await FakeWorker.enter(room, "gpu1", {
    handlers: { ...jobHandlers(JOBS), [WORKER_METHODS.listJobs]: pages },
  });
  const listed = await listRemoteJobs(room, undefined);
  assert.deepEqual(listed.map(({ job_id }) => job_id), JOBS.map(({ job_id }) => job_id));
  const place = await findRemoteJob(room, undefined, "job_aaaa0002");
  assert.deepEqual(place, { jobId: "job_aaaa0002", worker: "gpu1" });
  JOBS.splice(0, 1, jobSummary("job_bbbb0003"));
  JOBS.splice(2, 1, jobSummary("job_bbbb0001"));
  assert.deepEqual(await findRemoteJob(room, undefined, "aaaa"), place, "by a prefix");
});
