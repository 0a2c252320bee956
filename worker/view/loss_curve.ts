/**
 * How the losses of a model went, over all of its attempts.
 *
 * @module
 */
import { dirname, join } from "node:path";
import type { LossPoint } from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { stitchCurve } from "../../lib/sleap_nn/training_curve.ts";
import { readTrainingLog, type TrainingLogRow } from "../../lib/sleap_nn/training_log.ts";
import { attemptsOf, readAttempts } from "../attempts/attempts.ts";

/**
 * The losses of all epochs, each as the attempt trained it that counts. Read from the logs beside the
 * checkpoints; empty where they are gone.
 */
export async function readLossCurve(
  registry: ModelRegistry,
  entry: ModelEntry,
): Promise<LossPoint[]> {
  const attempts = await readAttempts(attemptsOf(entry, registry));
  const curve = stitchCurve(attempts.map(({ rows }) => rows));
  const rows = curve.length > 0 ? curve : await rowsBesideCheckpoint(registry, entry);
  return rows.map(({ epoch, trainLoss, valLoss }) => (
    { epoch, train_loss: trainLoss, val_loss: valLoss }
  ));
}

/** Older programs named the folders of their models otherwise. */
async function rowsBesideCheckpoint(
  registry: ModelRegistry,
  { checkpoint_path }: ModelEntry,
): Promise<TrainingLogRow[]> {
  if (!checkpoint_path) return [];
  return await readTrainingLog(
    join(dirname(registry.absolutePath(checkpoint_path)), "training_log.csv"),
  );
}

/** At most about so many points of a curve, the first, the last and the lowest ones among them. */
export function thinned(curve: readonly LossPoint[], most: number): LossPoint[] {
  const step = Math.max(1, Math.ceil(curve.length / most));
  const lowest = curve.reduce<number>((best, { val_loss }, place) => {
    const bestLoss = curve[best]?.val_loss ?? Infinity;
    return (val_loss ?? Infinity) < bestLoss ? place : best;
  }, 0);
  return curve.filter((_, place) =>
    place % step === 0 || place === lowest || place === curve.length - 1
  );
}
