import assert from "node:assert/strict";
import { isLocked } from "../../../lib/files/lock.ts";
import { findAndRecoverJobs } from "../../../worker/recovery.ts";
import { reportRecovery, sayInterrupted } from "../../../worker/recovery/report.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import { notStarted } from "../../../worker/trainer/outcome.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { JobBed } from "../../support/job_bed.ts";
import { QueueBed, trains, until } from "../../support/queue_bed.ts";
import { fileExists } from "../../support/training.ts";

Deno.test("a worker says what it finds, a line a job, and what can be resumed (CR29, 6.2.3)", async () => {
  await using bed = await QueueBed.create({ maxJobs: 2 });
  const { registry, world } = bed;
  const [dies, lives, waits] = [
    await bed.submit("dies"),
    await bed.submit("lives"),
    await bed.submit("waits"),
  ];
  await bed.queue.start();
  await trains(lives);
  await fileExists(world.path("reached"));
  const { supervisor, models: [model] } = await dies.readState();
  const id = model?.model_id ?? "";
  await until(async () => Boolean((await registry.get(id))?.checkpoint_path));
  await bed.queue.close();
  Deno.kill(supervisor?.pid ?? 0, "SIGKILL");
  await until(async () => !(await isLocked(dies.lockPath)));
  using log = new CapturedLog();
  await reportRecovery(await findAndRecoverJobs(registry), registry);
  const said = (text: string) => log.lines.filter((line) => line.includes(text));
  const resumable = `centroid ${id} is interrupted after epoch 1 (crash); ` +
    `resume it: sleap-rtc train --resume ${id}`;
  assert.deepEqual(said(`job ${dies.jobId} had`), [
    `warning: job ${dies.jobId} had lost its supervisor: booked as interrupted: ${resumable}`,
  ]);
  assert.deepEqual(said(`info: ${resumable}`), [`info: ${resumable}`]);
  assert.deepEqual(said("adopted"), [`info: job ${lives.jobId} runs: it is adopted`]);
  assert.deepEqual(said("waits"), [`info: job ${waits.jobId} waits in the queue`]);
  assert.deepEqual(said("resumed trainings"), [], "there was none");
  const interrupted = `info: interrupted, to be resumed with sleap-rtc train --resume ID: ${id}`;
  for (let client = 0; client < 3; client++) await sayInterrupted(registry);
  assert.deepEqual(said("interrupted, to be"), [interrupted], "once, however many clients come");
  await registry.resume(id, { jobId: "job_00000001", modelIndex: 0, restart: false });
  await reportRecovery([], registry);
  assert.equal(said("resumed trainings that were completed: 0 of 1 (0 %)").length, 1);
  await sayInterrupted(registry);
  assert.equal(said("interrupted, to be").length, 1, "none is left");
});

Deno.test("2.2.5 a worker warns of an interrupted model whose checkpoint is gone", async () => {
  await using bed = await QueueBed.create();
  const { registry } = bed;
  const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
  await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 4);
  using log = new CapturedLog();
  await reportRecovery([], registry);
  assert.deepEqual(log.lines, [
    "warning: centroid a3f5e8c9 is interrupted after epoch 5, but its checkpoint " +
    '"models/centroid_a3f5e8c9/last.ckpt" is gone; begin it again: ' +
    "sleap-rtc train --resume a3f5e8c9 --restart",
  ]);
});

Deno.test("of a job that was lost between its models it says how those that wait are trained", async () => {
  await using bed = await JobBed.create({ status: "running", starter: null });
  const { folder, registry } = bed;
  const id = await bed.register();
  const record = await JobRecord.open(folder, registry, await folder.readState());
  await record.setModel(0, { model_id: id, status: "training" });
  await record.modelFinished(0, id, {
    ...notStarted("x"),
    status: "completed",
    reason: null,
    error: null,
  });
  await record.close();
  using log = new CapturedLog();
  await reportRecovery(await findAndRecoverJobs(registry), registry);
  assert.deepEqual(log.lines.filter((line) => line.includes("had lost")), [
    `warning: job ${folder.jobId} had lost its supervisor: booked as interrupted: ` +
    `a model was not begun; train it: sleap-rtc train --resume ${id}`,
  ]);
});
