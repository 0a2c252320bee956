import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelOutcome } from "../../../lib/protocol/job_events.ts";
import { outcomeOfModel } from "../../../worker/attempts/model_outcome.ts";
import { notStarted } from "../../../worker/trainer/outcome.ts";
import { checkpointBytes } from "../../support/checkpoint.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "aaaaaaaa";
const FOLDER = `models/centroid_${ID}`;

/** What an attempt left: epochs of its checkpoints, and the losses of its log from an epoch on. */
interface Left {
  best?: number;
  last?: number;
  first: number;
  losses: number[];
  /** Epoch of the checkpoint it was to go on from; absent: none. */
  from?: number;
}

function folderOf(attempt: number): string {
  return attempt === 1 ? FOLDER : `${FOLDER}/attempts/attempt-${attempt}`;
}

async function withAttempts(
  lefts: readonly Left[],
  test: (bed: RegistryBed, attempt: number) => Promise<void>,
): Promise<void> {
  await using bed = await RegistryBed.create();
  for (const [index, { best, last, first, losses }] of lefts.entries()) {
    const folder = join(bed.folder, folderOf(index + 1));
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, epoch] of [["best", best], ["last", last]] as const) {
      if (epoch === undefined) continue;
      // The step tells one attempt's file from another's.
      const bytes = await checkpointBytes({ epoch, globalStep: index + 1 });
      await Deno.writeFile(join(folder, `${name}.ckpt`), bytes);
    }
    const rows = losses.map((loss, row) => `${first + row},,${loss},\r\n`);
    const csv = ["epoch,train/loss,val/loss,learning_rate\r\n", ...rows].join("");
    await Deno.writeTextFile(join(folder, "training_log.csv"), csv);
  }
  const attempts = lefts.map(({ from }, index) => ({
    job_id: `job_0000000${index + 1}`,
    attempt: index + 1,
    first_epoch: null,
    last_epoch: null,
    started_from: from === undefined
      ? null
      : { path: `${FOLDER}/last.ckpt`, epoch: from, sha256: "" },
  }));
  await Deno.rename(join(bed.folder, FOLDER), join(bed.folder, "kept"));
  await bed.registry.register({ id: ID, model_type: "centroid", attempts });
  await Deno.remove(join(bed.folder, FOLDER), { recursive: true });
  await Deno.rename(join(bed.folder, "kept"), join(bed.folder, FOLDER));
  await test(bed, lefts.length);
}

const COMPLETED: ModelOutcome = {
  ...notStarted(""),
  status: "completed",
  reason: null,
  error: null,
};
const CRASHED: ModelOutcome = { ...notStarted("it crashed"), reason: "crash" };

async function outcome(
  bed: RegistryBed,
  attempt: number | null,
  own: ModelOutcome,
): Promise<ModelOutcome> {
  return await outcomeOfModel(own, { modelId: ID, attempt }, bed.registry);
}

Deno.test("outcomeOfModel() publishes the best checkpoint of all attempts, and again", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 3, 4] },
    { best: 4, last: 5, first: 3, losses: [4, 2, 3], from: 2 },
    { best: 6, last: 6, first: 6, losses: [6], from: 5 },
  ], async (bed, attempt) => {
    const published = join(bed.folder, FOLDER, "best.ckpt");
    await Deno.writeTextFile(`${published}.tmp`, "left by a crash");
    const source = join(bed.folder, folderOf(2));
    await Deno.writeTextFile(join(source, "training_config.yaml"), "a: 1\n");
    const first = await outcome(bed, attempt, COMPLETED);
    assert.deepEqual(
      await Deno.readFile(published),
      await Deno.readFile(join(source, "best.ckpt")),
    );
    assert.equal(first.checkpoint_path, `${FOLDER}/best.ckpt`);
    assert.equal(first.checkpoint?.epoch, 4);
    assert.equal(first.last_checkpoint_path, `${folderOf(3)}/last.ckpt`);
    assert.equal(first.config_path, `${FOLDER}/training_config.yaml`);
    assert.deepEqual(first.metrics, {
      final_val_loss: 6,
      best_val_loss: 2,
      best_epoch: 4,
      epochs_completed: 7,
    });
    assert.deepEqual(await outcome(bed, attempt, COMPLETED), first, "after a crash");
    await assert.rejects(Deno.stat(`${published}.tmp`));
  }));

Deno.test("outcomeOfModel() keeps the first attempt's checkpoint where it is the best", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 2, 4] },
    { best: 3, last: 4, first: 3, losses: [2, 3], from: 2 },
  ], async (bed, attempt) => {
    const before = await Deno.readFile(join(bed.folder, FOLDER, "best.ckpt"));
    const { checkpoint, checkpoint_path } = await outcome(bed, attempt, COMPLETED);
    assert.equal(checkpoint?.epoch, 1, "the earlier one of equals");
    assert.deepEqual(await Deno.readFile(join(bed.folder, checkpoint_path ?? "")), before);
  }));

Deno.test("outcomeOfModel() a published copy is not taken for the first attempt's own", () =>
  withAttempts([
    { best: 3, last: 2, first: 0, losses: [5, 4, 4, 1] },
    { best: 3, last: 4, first: 3, losses: [3, 3.5], from: 2 },
  ], async (bed, attempt) => {
    const own = join(bed.folder, FOLDER, "best.ckpt");
    await Deno.copyFile(join(bed.folder, folderOf(2), "best.ckpt"), own);
    const { checkpoint, metrics } = await outcome(bed, attempt, COMPLETED);
    assert.equal(checkpoint?.epoch, 3);
    assert.equal(metrics.best_val_loss, 3, "the row of the attempt that trained it");
  }));

Deno.test("outcomeOfModel() attempts before a restart do not count", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 1, 4] },
    { best: 1, last: 2, first: 0, losses: [5, 3, 4] },
    { best: 3, last: 3, first: 3, losses: [9], from: 2 },
  ], async (bed, attempt) => {
    const { metrics, checkpoint } = await outcome(bed, attempt, COMPLETED);
    assert.equal(metrics.best_val_loss, 3);
    assert.equal(checkpoint?.epoch, 1);
    const interrupted = await outcome(bed, attempt, CRASHED);
    assert.equal(interrupted.metrics.best_val_loss, 3);
  }));

Deno.test("outcomeOfModel() goes back to the newest checkpoint of any attempt", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 3, 4] },
    { first: 3, losses: [], from: 2 },
  ], async (bed, attempt) => {
    for (const ended of [attempt, null]) {
      const { status, reason, error, checkpoint, metrics } = await outcome(bed, ended, CRASHED);
      assert.deepEqual([status, reason, error], ["interrupted", "crash", "it crashed"]);
      assert.equal(checkpoint?.epoch, 2);
      assert.equal(metrics.epochs_completed, 3);
    }
    await Deno.truncate(join(bed.folder, FOLDER, "last.ckpt"), 100);
    const { checkpoint, metrics } = await outcome(bed, attempt, CRASHED);
    assert.equal(checkpoint?.epoch, 1);
    assert.equal(metrics.final_val_loss, 3, "what is lost is not counted");
    await Deno.remove(join(bed.folder, FOLDER, "best.ckpt"));
    assert.equal((await outcome(bed, attempt, CRASHED)).status, "failed");
  }));

Deno.test("outcomeOfModel() an attempt that began elsewhere counts for nothing", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 3, 4] },
    { best: 0, last: 5, first: 0, losses: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], from: 2 },
  ], async (bed, attempt) => {
    const { status, reason, error, checkpoint, metrics } = await outcome(bed, attempt, COMPLETED);
    assert.deepEqual([status, reason], ["interrupted", "wrong epoch"]);
    assert.match(error ?? "", /began with epoch 1 instead of epoch 4/);
    assert.equal(checkpoint?.epoch, 2);
    assert.equal(metrics.best_val_loss, 3);
  }));

Deno.test("outcomeOfModel() a checkpoint that cannot be published stays where it is", () =>
  withAttempts([
    { best: 1, last: 2, first: 0, losses: [5, 3, 4] },
    { best: 3, last: 3, first: 3, losses: [1], from: 2 },
  ], async (bed, attempt) => {
    const published = join(bed.folder, FOLDER, "best.ckpt");
    await Deno.mkdir(`${published}.tmp`);
    const { status, checkpoint_path, warning } = await outcome(bed, attempt, COMPLETED);
    assert.equal(status, "completed");
    assert.equal(checkpoint_path, `${folderOf(2)}/best.ckpt`);
    assert.match(warning ?? "", /stays in its attempt's folder/);
  }));
