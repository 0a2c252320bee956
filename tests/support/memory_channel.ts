import { ConnectionError } from "../../lib/errors.ts";
import { AsyncQueue } from "../../lib/rtc/async_queue.ts";
import type { BlockChannel } from "../../lib/transfer/wire.ts";

/** A sender waits for more than this many bytes in its buffer. */
const HIGH_WATER = 262_144;

/**
 * One end of a data channel in memory, as werift's: the sender waits for its own buffer, the
 * receiver takes in whatever comes.
 */
export class MemoryChannel implements BlockChannel {
  readonly #inbox = new AsyncQueue<string | Uint8Array>();
  #peer: MemoryChannel | null = null;
  #outbox: (string | Uint8Array)[] = [];
  #buffered = 0;
  #flushed: PromiseWithResolvers<void> | null = null;
  #unread = 0;
  #isEnded = false;
  /** The most bytes that ever waited for the reader. */
  peakUnread = 0;
  /** All bytes that were sent. */
  sentBytes = 0;

  /** Two ends that are connected. */
  static pair(): [MemoryChannel, MemoryChannel] {
    const [a, b] = [new MemoryChannel(), new MemoryChannel()];
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  async send(message: string | Uint8Array): Promise<void> {
    const bytes = message.length;
    if (bytes === 0 || bytes > 65_536) throw new RangeError(`Cannot send ${bytes} bytes`);
    this.#assertOpen();
    this.#outbox.push(typeof message === "string" ? message : message.slice());
    this.#buffered += bytes;
    this.sentBytes += bytes;
    if (this.#flushed === null) {
      this.#flushed = Promise.withResolvers();
      setTimeout(() => this.#flush(), 0);
    }
    if (this.#buffered <= HIGH_WATER) return;
    await this.#flushed.promise;
    this.#assertOpen();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array> {
    for await (const message of this.#inbox) {
      this.#unread -= message.length;
      yield message;
    }
  }

  /** The connection is lost: what was sent but not delivered is gone, on both ends. */
  end(): void {
    for (const channel of [this, this.#peer]) {
      if (channel === null) continue;
      channel.#isEnded = true;
      channel.#outbox = [];
      channel.#inbox.end();
    }
  }

  #flush(): void {
    const messages = this.#outbox.splice(0);
    if (this.#peer !== null) { for (const message of messages) this.#peer.#deliver(message); }
    this.#buffered = 0;
    this.#flushed?.resolve();
    this.#flushed = null;
  }

  #deliver(message: string | Uint8Array): void {
    this.#unread += message.length;
    this.peakUnread = Math.max(this.peakUnread, this.#unread);
    this.#inbox.push(message);
  }

  #assertOpen(): void {
    if (this.#isEnded) throw new ConnectionError("Cannot send: the connection was lost");
  }
}
