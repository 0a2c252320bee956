import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelOutcome } from "../../../lib/protocol/job_events.ts";
import { type EndedRun, outcomeOf } from "../../../worker/trainer/outcome.ts";
import { checkpointBytes } from "../../support/checkpoint.ts";
import { RegistryBed } from "../../support/registry.ts";

const RUN = "models/centroid_aaaaaaaa";

/** What a trainer left: epochs of its checkpoints, validation losses of its log, its output. */
interface Left {
  best?: number;
  last?: number;
  losses?: number[];
  log?: string;
}

async function judge(left: Left, ended: Partial<EndedRun> = {}): Promise<ModelOutcome> {
  await using bed = await RegistryBed.create();
  const runFolder = join(bed.folder, RUN);
  const logPath = join(bed.folder, "log.txt");
  await Deno.mkdir(runFolder, { recursive: true });
  for (const name of ["best", "last"] as const) {
    const epoch = left[name];
    if (epoch === undefined) continue;
    await Deno.writeFile(join(runFolder, `${name}.ckpt`), await checkpointBytes({ epoch }));
  }
  const rows = (left.losses ?? []).map((loss, epoch) => `${epoch},,${loss},\r\n`);
  const csv = ["epoch,train/loss,val/loss,learning_rate\r\n", ...rows].join("");
  await Deno.writeTextFile(join(runFolder, "training_log.csv"), csv);
  await Deno.writeTextFile(logPath, left.log ?? "");
  const run = { exitCode: 137, reason: "crash", durationSeconds: 1, logOffset: 0, ...ended };
  return await outcomeOf({ ...run, runFolder, logPath }, bed.registry);
}

Deno.test("outcomeOf() an interrupted training counts what its checkpoint holds", async () => {
  const { status, metrics, checkpoint } = await judge({ last: 1, losses: [0.5, 0.25, 0.125] });
  assert.equal(status, "interrupted");
  assert.equal(checkpoint?.epoch, 1);
  assert.deepEqual(metrics, {
    final_val_loss: 0.25,
    best_val_loss: 0.25,
    best_epoch: 1,
    epochs_completed: 2,
  });
});

Deno.test("outcomeOf() counts the checkpoint where the log is behind it", async () => {
  const { metrics } = await judge({ last: 2, losses: [0.5] });
  assert.deepEqual(metrics, {
    final_val_loss: null,
    best_val_loss: 0.5,
    best_epoch: 0,
    epochs_completed: 3,
  });
});

Deno.test("outcomeOf() goes on from the newest checkpoint, best or last", async () => {
  const cutBetween = await judge({ best: 2, last: 1, losses: [0.5, 0.25, 0.125] });
  assert.equal(cutBetween.last_checkpoint_path, `${RUN}/best.ckpt`);
  assert.equal(cutBetween.metrics.epochs_completed, 3);
  const ordinary = await judge({ best: 1, last: 2, losses: [0.5, 0.25, 0.375] });
  assert.equal(ordinary.checkpoint_path, `${RUN}/last.ckpt`);
  const same = await judge({ best: 2, last: 2, losses: [0.5, 0.25, 0.125] });
  assert.equal(same.checkpoint_path, `${RUN}/last.ckpt`);
});

Deno.test("outcomeOf() a completed training counts all its epochs", async () => {
  const time = "2026-11-23 22:49:03";
  const log = `${time} | Finished training at: ${time}.857483\n`;
  const left = { best: 1, last: 2, losses: [0.5, 0.25, 0.375], log };
  const { status, metrics, checkpoint } = await judge(left, { exitCode: 0 });
  assert.equal(status, "completed");
  assert.equal(checkpoint?.epoch, 1);
  assert.deepEqual(metrics, {
    final_val_loss: 0.375,
    best_val_loss: 0.25,
    best_epoch: 1,
    epochs_completed: 3,
  });
});

Deno.test("outcomeOf() tells what the log says: an error, a shell's, or what is known", async () => {
  const unseenEnd = "The supervisor of the job ended before the training did";
  const unseen = { exitCode: null, unseenEnd };
  assert.equal((await judge({ last: 1 }, unseen)).error, unseenEnd);
  const log = "OSError: No space left\n";
  assert.equal((await judge({ last: 1, log }, unseen)).error, "OSError: No space left");
  const shell = "sh: 1: exec: /lab/sleap-nn: not found";
  assert.equal(
    (await judge({ log: `${shell}\n` }, { exitCode: 127 })).error,
    `The trainer could not be started: ${shell}`,
  );
});
