/** A clock that is set back must neither lose nor turn around what happened. */
import assert from "node:assert/strict";
import { bookDeadJob } from "../../worker/recovery/book_job.ts";
import { readEvents } from "../../worker/job_events.ts";
import { JobRecord } from "../../worker/record/job_record.ts";
import { checkpointBytes } from "../support/checkpoint.ts";
import { JobBed } from "../support/job_bed.ts";
import { ended, QueueBed } from "../support/queue_bed.ts";
import { ShiftedClock } from "../support/shifted_clock.ts";

const DAY_MS = 86_400_000;

Deno.test("jobs run in the order of their submission, whatever the clock said", async () => {
  await using bed = await QueueBed.create();
  await bed.goOn();
  const ahead = new ShiftedClock(DAY_MS);
  const first = await bed.submit("ahead");
  ahead[Symbol.dispose]();
  const second = await bed.submit("set-back");
  await bed.queue.start();
  assert.equal(await ended(second), "succeeded");
  assert.equal(await ended(first), "succeeded");
  assert.deepEqual(await bed.starts(), [first.jobId, second.jobId]);
});

Deno.test("a clock set back in mid-training: every event counts, the model is interrupted", async () => {
  await using bed = await JobBed.create({ status: "running", starter: null });
  const id = await bed.register();
  const folder = `${bed.folder.root}/models/centroid_${id}`;
  const path = `models/centroid_${id}/last.ckpt`;
  const of = { model: 0, attempt: 1 };
  const before = new ShiftedClock(DAY_MS);
  const record = await JobRecord.open(bed.folder, bed.registry, await bed.folder.readState());
  await record.setModel(0, { model_id: id, status: "training" });
  await record.record({
    type: "trainer_started",
    ...of,
    pid: 1,
    command: ["sleap-nn"],
    max_epochs: 9,
    log_offset: 0,
  });
  await record.record({ type: "epoch", ...of, epoch: 0, train_loss: null, val_loss: 0.5 });
  before[Symbol.dispose]();
  await record.record({ type: "epoch", ...of, epoch: 1, train_loss: null, val_loss: 0.25 });
  await Deno.writeFile(`${folder}/last.ckpt`, await checkpointBytes({ epoch: 1 }));
  await record.record({ type: "checkpoint", ...of, epoch: 1, path, kind: "last" });
  await record.close();

  const running = await bed.registry.resolve(id);
  assert.equal(running.last_epoch, 1);
  assert.equal(running.metrics?.["best_val_loss"], 0.25);
  using _lock = await bed.folder.lock();
  assert.equal(await bookDeadJob(bed.folder, bed.registry), "interrupted");
  const entry = await bed.registry.resolve(id);
  assert.deepEqual([entry.status, entry.checkpoint?.epoch], ["interrupted", 1]);
  assert.ok(Number(entry.metadata?.["training_duration_seconds"]) >= 0);
  const events = await readEvents(bed.folder.eventsPath);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
});
