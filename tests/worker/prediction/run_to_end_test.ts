import assert from "node:assert/strict";
import { runToEnd } from "../../../worker/prediction/run_to_end.ts";
import { RequestWatch } from "../../../worker/requests/request_watch.ts";
import { TrainerProcess } from "../../../worker/trainer/process.ts";
import { JobBed } from "../../support/job_bed.ts";
import { livingMembers } from "../../support/staged_training.ts";
import { fileExists } from "../../support/training.ts";

Deno.test("runToEnd() kills the group that does not end by SIGTERM within the grace", async () => {
  await using bed = await JobBed.create();
  const { path } = bed.folder;
  const script = `trap '' TERM; touch "${path}/ready"; while :; do sleep 0.1; done`;
  const process = await TrainerProcess.prepare({
    command: "/bin/sh",
    args: ["-c", script],
    cwd: path,
    env: Deno.env.toObject(),
  });
  const requests = await RequestWatch.start(bed.folder);
  const stop = new AbortController();
  const ending = runToEnd(process, { requests, stop: stop.signal }, { graceMs: 200 });
  await fileExists(`${path}/ready`);
  stop.abort("shutdown");
  assert.deepEqual(await ending, { exitCode: 137, reason: "shutdown" });
  assert.deepEqual(await livingMembers(process.identity.pid), []);
  await requests.close();
});
