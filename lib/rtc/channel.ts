/**
 * One data channel: messages in order, with back-pressure.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { RTCDataChannel } from "werift";
import { ConnectionError } from "../errors.ts";
import { AsyncQueue } from "./async_queue.ts";

/** The largest message in bytes, as werift and old aiortc announce it. */
export const MAX_MESSAGE_BYTES = 65_536;
/** What may wait for its reader before the peer is authenticated, in bytes. */
export const MAX_EARLY_BYTES = 65_536;
/** More than this in the send buffer, in bytes, makes `send()` wait. */
const HIGH_WATER = 262_144;
/** `send()` goes on when no more than this is left, in bytes. */
const LOW_WATER = 131_072;

/** A text or binary message. */
export type ChannelMessage = string | Uint8Array;

/** Looks at a message before the reader does; true: the reader does not get it. */
export type MessageFilter = (message: ChannelMessage) => boolean;

/** One data channel: `for await` reads it, `send()` writes it. One reader. */
export class Channel implements AsyncIterable<ChannelMessage> {
  readonly #raw: RTCDataChannel;
  readonly #onOverflow: () => void;
  readonly #inbox = new AsyncQueue<ChannelMessage>();
  #unreadBytes = 0;
  #maxUnreadBytes: number;
  #filter: MessageFilter = () => false;
  #drain: PromiseWithResolvers<void> | null = null;
  #endReason: string | null = null;

  /**
   * @param maxUnreadBytes what may wait for the reader, in bytes
   * @param onOverflow called when more waits: the message is dropped
   */
  constructor(raw: RTCDataChannel, maxUnreadBytes: number, onOverflow: () => void) {
    this.#raw = raw;
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#onOverflow = onOverflow;
    raw.bufferedAmountLowThreshold = LOW_WATER;
    raw.bufferedAmountLow.subscribe(() => this.#releaseSenders());
    raw.onMessage.subscribe((data) => this.#receive(withoutBuffer(data)));
  }

  /** Its name. */
  get label(): string {
    return this.#raw.label;
  }

  /** Bytes of messages that nobody has read yet. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  /**
   * Send one message. It is on its way in the order of the calls; the promise tells when there is
   * room for the next one.
   *
   * @throws {RangeError} when the message is empty or larger than {@linkcode MAX_MESSAGE_BYTES}
   * @throws {ConnectionError} when the channel is closed
   */
  async send(message: ChannelMessage): Promise<void> {
    // werift keeps the buffer: it must be our own
    const bytes = Buffer.from(message);
    if (bytes.length === 0 || bytes.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`Cannot send ${bytes.length} bytes in one message`);
    }
    this.#assertOpen();
    this.#raw.send(typeof message === "string" ? message : bytes);
    if (this.#raw.bufferedAmount <= HIGH_WATER) return;
    this.#drain ??= Promise.withResolvers();
    await this.#drain.promise;
    this.#assertOpen();
  }

  /** Look at every message that the reader has not got yet, and at all that come. */
  filter(filter: MessageFilter, maxUnreadBytes: number): void {
    this.#filter = filter;
    this.#maxUnreadBytes = maxUnreadBytes;
    const waiting = this.#inbox.takeAll();
    this.#unreadBytes = 0;
    for (const message of waiting) this.#receive(message);
  }

  /** The next message; done when the channel is closed and everything is read. */
  async next(): Promise<IteratorResult<ChannelMessage>> {
    const result = await this.#inbox.next();
    if (!result.done) this.#unreadBytes -= sizeOf(result.value);
    return result;
  }

  /** Read the messages, each once. */
  [Symbol.asyncIterator](): AsyncIterator<ChannelMessage> {
    return { next: () => this.next() };
  }

  /** Nothing comes any more; what was received can still be read. */
  end(reason: string): void {
    this.#endReason ??= reason;
    this.#inbox.end();
    this.#releaseSenders();
  }

  #assertOpen(): void {
    if (this.#endReason === null) return;
    throw new ConnectionError(`Cannot send: ${this.#endReason}`);
  }

  #releaseSenders(): void {
    this.#drain?.resolve();
    this.#drain = null;
  }

  #receive(message: ChannelMessage): void {
    if (this.#endReason !== null || this.#filter(message)) return;
    const size = sizeOf(message);
    if (this.#unreadBytes + size > this.#maxUnreadBytes) {
      this.#onOverflow();
      return;
    }
    this.#unreadBytes += size;
    this.#inbox.push(message);
  }
}

/** A `Buffer` is a `Uint8Array` with other habits. */
function withoutBuffer(data: string | Buffer): ChannelMessage {
  if (typeof data === "string") return data;
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** An upper bound in bytes; an empty message takes room too. */
function sizeOf(message: ChannelMessage): number {
  return 64 + (typeof message === "string" ? message.length * 2 : message.length);
}
