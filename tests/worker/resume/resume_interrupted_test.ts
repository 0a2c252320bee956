import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelEntry } from "../../../lib/registry.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { resumeInterrupted } from "../../../worker/resume/resume_interrupted.ts";
import { QueueBed } from "../../support/queue_bed.ts";

const JOB = "job_00000001";

/** An interrupted model whose last attempt went from one epoch to another. */
async function add(bed: QueueBed, id: string, change: Partial<ModelEntry>): Promise<string> {
  const { registry, world } = bed;
  const path = `models/centroid_${id}/last.ckpt`;
  await registry.register({ id, model_type: "centroid", job_id: JOB });
  await Deno.writeTextFile(join(world.folder, path), "checkpoint");
  await registry.markInterrupted(id, path, 3);
  const attempts = [{ job_id: JOB, attempt: 1, first_epoch: 0, last_epoch: 3 }];
  await registry.update(id, (entry) => ({ ...entry, attempts, ...change }));
  return id;
}

Deno.test("only what a crash, a power cut or a shutdown has interrupted is resumed, once", async () => {
  await using bed = await QueueBed.create();
  const started_from = { path: "x", epoch: 3, sha256: "" };
  const again = { job_id: JOB, attempt: 2, first_epoch: null, last_epoch: 3, started_from };
  const crash = await add(bed, "00000001", { reason: "crash" });
  const power = await add(bed, "00000002", { reason: "power" });
  const shutdown = await add(bed, "00000003", { reason: "shutdown" });
  for (const [n, reason] of ["stopped", "cancelled", "connection lost"].entries()) {
    await add(bed, `0000001${n}`, { reason });
  }
  await add(bed, "00000020", { reason: "crash", running: true });
  await add(bed, "00000021", { reason: "crash", attempts: [again] });
  await add(bed, "00000022", {
    reason: "crash",
    attempts: [{ job_id: JOB, attempt: 1, first_epoch: null, last_epoch: null }],
  });
  await add(bed, "00000023", { reason: "crash" });
  await Deno.remove(join(bed.world.folder, "models/centroid_00000023/last.ckpt"));
  const asked: string[] = [];
  const request = async (name: string, key: string) => {
    asked.push(name);
    return await bed.request(name, key);
  };
  await resumeInterrupted(bed.registry, bed.queue, request);
  assert.deepEqual(asked, [crash, power, shutdown]);
  await resumeInterrupted(bed.registry, bed.queue, request);
  assert.deepEqual(asked, [crash, power, shutdown], "what was queued is known again");
  assert.equal(bed.queue.fill.waiting, 2, "three jobs, of which one starts at once");
  const job = await bed.queue.findByKey(`resume-${crash}-1`);
  assert.ok(job !== null);
});

Deno.test("a job that ended before it trained the model is followed by another, unless a person ended it", async () => {
  await using bed = await QueueBed.create();
  const { registry, queue } = bed;
  const id = await add(bed, "00000001", { reason: "crash" });
  const request = (name: string, key: string) => bed.request(name, key);
  const keys = ["", "-2", "-3", "-4", "-5"].map((end) => `resume-${id}-1${end}`);
  for (const [index, key] of keys.entries()) {
    await resumeInterrupted(registry, queue, request);
    await resumeInterrupted(registry, queue, request);
    assert.equal((await JobFolder.list(registry.root)).length, index + 1);
    const job = await queue.find(await queue.findByKey(key) ?? "");
    await job.writeState({ ...await job.readState(), status: "failed" });
  }
  await resumeInterrupted(registry, queue, request);
  assert.equal((await JobFolder.list(registry.root)).length, keys.length, "not for ever");
  const last = await queue.find(await queue.findByKey(keys[4] ?? "") ?? "");
  await Deno.remove(last.path, { recursive: true });
  const third = await queue.find(await queue.findByKey(keys[2] ?? "") ?? "");
  await third.writeState({ ...await third.readState(), status: "cancelled" });
  await resumeInterrupted(registry, queue, request);
  assert.equal((await JobFolder.list(registry.root)).length, keys.length - 1);
});

Deno.test("a model that cannot be resumed does not keep others from it", async () => {
  await using bed = await QueueBed.create();
  await add(bed, "00000001", { reason: "crash" });
  await add(bed, "00000002", { reason: "power" });
  await resumeInterrupted(bed.registry, bed.queue, async (name, key) => {
    if (name === "00000001") throw new Error("its labels are gone");
    return await bed.request(name, key);
  });
  assert.notEqual(await bed.queue.findByKey("resume-00000002-1"), null);
  assert.equal(await bed.queue.findByKey("resume-00000001-1"), null);
});
