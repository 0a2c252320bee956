/**
 * From the messages of a trainer to the figures of its epochs.
 *
 * @module
 */
import type { BatchEnd, EpochEnd, TrainerMessage } from "./control_socket.ts";

/** The losses of one finished epoch. */
export interface EpochFigures {
  /** 0-based index. */
  epoch: number;
  /** Mean over the batches; null where one was missed or was not finite. */
  trainLoss: number | null;
  /** Null where it is not finite. */
  valLoss: number | null;
}

/**
 * Folds messages into one set of figures an epoch.
 *
 * The training loss that an `epoch_end` carries is the previous epoch's, so it is computed: the
 * mean of the batch losses, which is what sleap-nn 0.3.5 logs as `train/loss` (its
 * `_epoch_loss_sum / _epoch_loss_count`).
 */
export class EpochProgress {
  #epoch = -1;
  #sum = 0;
  #count = 0;
  #complete = false;
  #lastLoss: number | null = null;

  /** Take the next message; returns the figures when it ends an epoch, else null. */
  add(message: TrainerMessage): EpochFigures | null {
    switch (message.event) {
      case "batch_end":
        this.#addBatch(message);
        return null;
      case "epoch_end":
        return {
          epoch: message.epoch,
          trainLoss: this.#trainLoss(message),
          valLoss: message.valLoss,
        };
      default:
        return null;
    }
  }

  #addBatch({ epoch, batch, loss }: BatchEnd): void {
    if (epoch !== this.#epoch || batch === 0) {
      this.#epoch = epoch;
      this.#sum = 0;
      this.#count = 0;
      this.#complete = true;
    }
    // A batch that is missed or has no finite loss leaves the epoch without a mean.
    if (batch !== this.#count || loss === null) this.#complete = false;
    this.#sum += loss ?? 0;
    this.#count++;
    this.#lastLoss = loss;
  }

  /** The last batch is known to be the last one by the loss that `epoch_end` repeats. */
  #trainLoss({ epoch, lastBatchLoss }: EpochEnd): number | null {
    const known = epoch === this.#epoch && this.#complete && lastBatchLoss === this.#lastLoss;
    return known && this.#count > 0 ? this.#sum / this.#count : null;
  }
}
