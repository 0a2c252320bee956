/**
 * The checkpoint that a model is resumed from, checked.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { ConflictError, NotFoundError, type SleapRtcError, UsageError } from "../../lib/errors.ts";
import { readTextOrNull } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { logger } from "../../lib/log.ts";
import type { StartedFrom } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { readCheckpoint, type ValidCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { parseTrainerView } from "../../lib/sleap_nn/train_config.ts";
import { headNames } from "../../lib/sleap_nn/train_config/heads.ts";
import { attemptsOf, readAttempts } from "../attempts/attempts.ts";

const log = logger("resume");

/** Nothing of the training is left to do. */
export class NothingLeftError extends UsageError {}

/**
 * Check the checkpoint from which a model goes on: it is there, complete, of this type of model, and
 * the one that was written down. Nothing else is ever taken in its place.
 *
 * @param maxEpochs total number of epochs of the resumed training; null: not known
 * @throws {NotFoundError} when there is none, or it is gone or damaged
 * @throws {ConflictError} when it is another file than the one that was written down
 * @throws {NothingLeftError} when all epochs are trained
 */
export async function checkedCheckpoint(
  entry: ModelEntry,
  maxEpochs: number | null,
  registry: ModelRegistry,
): Promise<StartedFrom> {
  const stored = entry.last_checkpoint_path ?? entry.checkpoint_path;
  if (!stored) {
    throw await noUse(entry, registry, new NotFoundError(`Model ${entry.id} has no checkpoint`));
  }
  const path = registry.absolutePath(stored);
  const checkpoint = await readCheckpoint(path);
  if (!checkpoint.ok) {
    throw await noUse(
      entry,
      registry,
      new NotFoundError(`Cannot resume model ${entry.id}: its checkpoint ${checkpoint.detail}`),
    );
  }
  const sha256 = await sha256File(path);
  const fault = await faultOf(entry, path, checkpoint, sha256, registry);
  if (fault !== null) throw await noUse(entry, registry, fault);
  if (maxEpochs !== null && checkpoint.epoch + 1 >= maxEpochs) {
    throw nothingLeft(entry, checkpoint.epoch + 1, maxEpochs);
  }
  return { path: registry.storedPath(path), epoch: checkpoint.epoch, sha256 };
}

async function faultOf(
  entry: ModelEntry,
  path: string,
  { epoch }: ValidCheckpoint,
  sha256: string,
  registry: ModelRegistry,
): Promise<SleapRtcError | null> {
  const cannot = `Cannot resume model ${entry.id}: its checkpoint "${path}"`;
  const recorded = entry.checkpoint?.sha256;
  const isThatFile = entry.checkpoint_path &&
    registry.absolutePath(entry.checkpoint_path) === path;
  if (recorded && isThatFile && recorded !== sha256) {
    return new ConflictError(
      `${cannot} has changed: SHA-256 ${short(sha256)} (epoch ${epoch + 1}) instead of ` +
        `${short(recorded)}${epochText(entry.checkpoint?.epoch)}`,
    );
  }
  const type = await modelTypeIn(dirname(path));
  if (type !== null && entry.model_type && type !== entry.model_type) {
    return new ConflictError(`${cannot} is of a ${type} model, not of a ${entry.model_type}`);
  }
  return null;
}

/** The type of model that the configuration beside a checkpoint says; null: it says none. */
async function modelTypeIn(folder: string): Promise<string | null> {
  const path = join(folder, "training_config.yaml");
  const text = await readTextOrNull(path);
  if (text === null) return null;
  try {
    const [head] = headNames(parseTrainerView(text, path));
    return typeof head === "string" ? head : null;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** What can be done where the checkpoint is of no use. */
async function noUse(
  entry: ModelEntry,
  registry: ModelRegistry,
  error: SleapRtcError,
): Promise<SleapRtcError> {
  log.warn(error.message);
  const others = await otherCheckpoints(entry, registry);
  const hint = [
    ...(others.length === 0 ? [] : [`Complete and there: ${others.join(", ")}.`]),
    ...(entry.checkpoint_path ? ["Bring the file back, or begin"] : ["Begin"]),
    `again from epoch 0: sleap-rtc train --resume ${entry.id} --restart`,
  ].join(" ");
  const options = { hint };
  return error instanceof ConflictError
    ? new ConflictError(error.message, options)
    : new NotFoundError(error.message, options);
}

async function otherCheckpoints(entry: ModelEntry, registry: ModelRegistry): Promise<string[]> {
  const chosen = entry.last_checkpoint_path ?? entry.checkpoint_path ?? null;
  const attempts = await readAttempts(attemptsOf(entry, registry));
  return attempts.toReversed()
    .flatMap(({ last, best }) => [last, best])
    .filter((checkpoint) => checkpoint !== null)
    .map(({ path, epoch }) => ({ path: registry.storedPath(path), epoch }))
    .filter(({ path }) => path !== chosen)
    .map(({ path, epoch }) => `"${path}" (epoch ${epoch + 1})`);
}

function nothingLeft(entry: ModelEntry, done: number, maxEpochs: number): NothingLeftError {
  return new NothingLeftError(
    `Nothing is left to train: model ${entry.id} has ${done} of ${maxEpochs} epochs`,
    {
      hint: `Go on with a higher total: sleap-rtc train --resume ${entry.id} --max-epochs ` +
        `${done + 10}, or begin again from epoch 0 with --restart.`,
    },
  );
}

function epochText(epoch: number | null | undefined): string {
  return typeof epoch === "number" ? ` (epoch ${epoch + 1})` : "";
}

function short(sha256: string): string {
  return `${sha256.slice(0, 12)}…`;
}
