/**
 * Messages that wait for their reader: batches may be lost, epochs never.
 *
 * @module
 */
import type { TrainerMessage } from "./message.ts";

/** A queue with one reader; iterate it until {@linkcode MessageQueue.close}. */
export class MessageQueue implements AsyncIterable<TrainerMessage> {
  readonly #maxBatches: number;
  #waiting: TrainerMessage[] = [];
  #batches = 0;
  #closed = false;
  #wake: (() => void) | null = null;

  /** @param maxBatches how many `batch_end` messages may wait; beyond, the oldest is dropped */
  constructor(maxBatches: number) {
    this.#maxBatches = maxBatches;
  }

  /** Append a message; ignored once the queue is closed. */
  push(message: TrainerMessage): void {
    if (this.#closed) return;
    this.#waiting.push(message);
    if (message.event === "batch_end" && ++this.#batches > this.#maxBatches) {
      const oldest = this.#waiting.findIndex((waiting) => waiting.event === "batch_end");
      this.#waiting.splice(oldest, 1);
      this.#batches--;
    }
    this.#wake?.();
  }

  /** No more messages: the reader gets what waits, then the end. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainerMessage> {
    while (true) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#batches = 0;
      yield* batch;
      if (this.#waiting.length > 0) continue;
      if (this.#closed) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = null;
    }
  }
}
