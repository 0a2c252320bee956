/**
 * Trainings that break, and what must be so after they were resumed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256File } from "../../lib/files/hash.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { parseManifest } from "../../lib/registry/manifest.ts";
import { readEvents } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import type { CliResult } from "./cli.ts";
import type { Point, StandInScript } from "./stand_in.ts";
import type { TrainingWorld } from "./training.ts";

/** Validation losses of six epochs, the fourth one the best. */
export const LOSSES = [0.5, 0.25, 0.375, 0.125, 0.3125, 0.1875];

/** Train the world's configuration for six epochs; the trainer is killed at a moment. */
export async function breakTraining(
  world: TrainingWorld,
  at: Point,
  script: StandInScript = {},
): Promise<ModelEntry> {
  await world.setScript({
    valLosses: LOSSES,
    ...script,
    dieBySignalAt: { ...at, signal: "SIGKILL" },
  });
  const { code, stderr } = await world.train(["--max-epochs", "6", "--run-name", "run"]);
  assert.equal(code, 6, stderr);
  await world.setScript({ valLosses: LOSSES, ...script });
  return await world.model();
}

/** `train --resume MODEL --local`. */
export async function resumeModel(
  world: TrainingWorld,
  model: string,
  args: string[] = [],
): Promise<CliResult> {
  return await world.cli(["train", "--local", "--resume", model, ...args]);
}

/** All events of all jobs of a world, in the order of the jobs. */
export async function eventsOf(world: TrainingWorld): Promise<JobEvent[]> {
  const jobs = await JobFolder.list(world.folder);
  const events = await Promise.all(jobs.map((job) => readEvents(job.eventsPath)));
  return events.flat().sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : a.seq - b.seq);
}

/** The epochs that the last trainer of a model reported. */
export async function lastEpochsOf(world: TrainingWorld, model = 0): Promise<number[]> {
  const events = await eventsOf(world);
  const start = events.findLastIndex((event) =>
    event.type === "trainer_started" && event.model === model
  );
  return events.slice(start).flatMap((event) =>
    event.type === "epoch" && event.model === model ? event.epoch : []
  );
}

/** The manifest is valid, and says of every model what is so. */
export async function assertSound(world: TrainingWorld): Promise<void> {
  const text = await Deno.readTextFile(world.path("models/.registry/manifest.json"));
  const { manifest, faults } = parseManifest(text);
  assert.deepEqual(faults, []);
  for (const entry of Object.values(manifest.models)) {
    assert.notEqual(entry.status, "training", `${entry.id} is not trained any more`);
    assert.ok(!entry.running);
    assert.equal(manifest.interrupted.includes(entry.id), entry.status === "interrupted");
    if (entry.status === "failed") continue;
    const path = join(world.folder, entry.checkpoint_path ?? "");
    assert.equal(await sha256File(path), entry.checkpoint?.sha256);
    await Deno.stat(join(world.folder, entry.last_checkpoint_path ?? ""));
  }
}

/** A completed model with the metrics of {@linkcode LOSSES} and the best checkpoint published. */
export async function assertAllSix(world: TrainingWorld, entry: ModelEntry): Promise<void> {
  assert.equal(entry.status, "completed", entry.error ?? "");
  assert.deepEqual(entry.metrics, {
    final_val_loss: 0.1875,
    best_val_loss: 0.125,
    best_epoch: 3,
    epochs_completed: 6,
  });
  assert.equal(entry.checkpoint_path, `models/${entry.model_type}_${entry.id}/best.ckpt`);
  assert.equal(entry.checkpoint?.epoch, 3);
  assert.equal(entry.last_epoch, 5);
  await Deno.stat(world.path(`models/${entry.model_type}_${entry.id}/training_config.yaml`));
  await assertSound(world);
}
