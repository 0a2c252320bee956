/**
 * What a running sleap-nn publishes about its progress.
 *
 * @module
 */
import * as v from "valibot";
import { logger } from "../../log.ts";
import { parsePlainJson } from "../../python/plain_json.ts";

const log = logger("control socket");

/** Fit began. */
export interface TrainBegin {
  event: "train_begin";
}
/** An epoch began; the first one of a resume is the resumed epoch. */
export interface EpochBegin {
  event: "epoch_begin";
  /** 0-based index. */
  epoch: number;
}
/** A training batch is done. */
export interface BatchEnd {
  event: "batch_end";
  /** 0-based index. */
  epoch: number;
  /** 0-based index in the epoch. */
  batch: number;
  /** Training loss of this batch; null where it is not finite. */
  loss: number | null;
}
/** An epoch, its validation included, is done; its checkpoint is not written yet. */
export interface EpochEnd {
  event: "epoch_end";
  /** 0-based index. */
  epoch: number;
  /** Validation loss of this epoch; null where it is not finite. */
  valLoss: number | null;
  /** Training loss of the last batch of this epoch; null where it is not finite. */
  lastBatchLoss: number | null;
}
/** Fit ended by itself; not sent after a signal or an exception. */
export interface TrainEnd {
  event: "train_end";
}
/** One message of the trainer that says something new. */
export type TrainerMessage = TrainBegin | EpochBegin | BatchEnd | EpochEnd | TrainEnd;

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const logs = v.record(v.string(), v.unknown());

const MessageSchema = v.variant("event", [
  v.object({ event: v.literal("train_begin") }),
  v.object({ event: v.literal("epoch_begin"), epoch: index }),
  v.object({ event: v.literal("batch_start") }),
  v.object({ event: v.literal("batch_end"), epoch: index, batch: index, logs }),
  v.object({ event: v.literal("epoch_end"), epoch: index, logs }),
  v.object({ event: v.literal("train_end") }),
]);

/**
 * Read one message of sleap-nn.
 *
 * @param text JSON as jsonpickle writes it, with bare `NaN` and `Infinity`
 * @returns null for `batch_start`, which says nothing new, and for what we do not know
 */
export function parseTrainerMessage(text: string): TrainerMessage | null {
  const parsed = v.safeParse(MessageSchema, parseJson(text));
  if (!parsed.success) {
    log.debug(`ignored a message of the trainer: ${text.slice(0, 200)}`);
    return null;
  }
  const message = parsed.output;
  switch (message.event) {
    case "batch_start":
      return null;
    case "batch_end": {
      const { event, epoch, batch, logs } = message;
      return { event, epoch, batch, loss: finite(logs["loss"]) };
    }
    case "epoch_end": {
      const { event, epoch, logs } = message;
      // Before sleap-nn 0.1.0 the key was `val_loss`.
      const valLoss = finite(logs["val/loss"] ?? logs["val_loss"]);
      return { event, epoch, valLoss, lastBatchLoss: finite(logs["loss"]) };
    }
    default:
      return message;
  }
}

function parseJson(text: string): unknown {
  try {
    return parsePlainJson(text);
  } catch {
    return undefined;
  }
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
