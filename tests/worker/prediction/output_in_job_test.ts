import assert from "node:assert/strict";
import type { TrackSpec } from "../../../lib/protocol/track_spec.ts";
import { outputInJob, withJobId } from "../../../worker/prediction/output_in_job.ts";

Deno.test("withJobId() moves predictions that were to be in the job's own folder", () => {
  const spec = { type: "track", job_id: "job_00000001" } as TrackSpec;
  const inJob = { ...spec, output_path: outputInJob("/root", "job_00000001") };
  const moved = withJobId(inJob, "/root", "job_00000002");
  assert.equal(moved.output_path, "/root/jobs/job_00000002/predictions.slp");
  assert.equal(moved.job_id, "job_00000002");
  const elsewhere = { ...spec, output_path: "/data/a.slp" };
  assert.equal(withJobId(elsewhere, "/root", "job_00000002").output_path, "/data/a.slp");
});
