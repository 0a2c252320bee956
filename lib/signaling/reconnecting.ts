/**
 * A peer's place in a room that outlives its connections.
 *
 * @module
 */
import { ConnectionError, messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import {
  type IncomingSignal,
  type OutgoingSignal,
  type PeerFilter,
  type PeerInfo,
  SignalingClient,
  type SignalingEnd,
  type SignalingOptions,
} from "./client.ts";
import { Broadcast } from "./client/broadcast.ts";
import { mergeProperties } from "./client/metadata.ts";

/** Options of {@linkcode ReconnectingSignaling.connect}. */
export interface ReconnectingOptions extends SignalingOptions {
  /** Milliseconds before the first attempt to come back; it doubles. @default {1_000} */
  firstDelay?: number;
  /** Longest delay in milliseconds. @default {30_000} */
  maxDelay?: number;
  /** Called when the connection is lost (with the reason) and when it is back (null). */
  onChange?(lost: string | null): void;
}

const FIRST_DELAY = 1000;
const MAX_DELAY = 30_000;
const MAX_WAITING_SIGNALS = 1000;

const log = logger("signaling");

/**
 * A {@linkcode SignalingClient} that comes back when the connection is lost, for as long as it
 * takes. It gives up only when another connection took its peer ID, or when it is refused.
 */
export class ReconnectingSignaling implements AsyncDisposable {
  /** Resolves when it will not come back. */
  readonly ended: Promise<SignalingEnd>;
  readonly #options: ReconnectingOptions;
  readonly #signals = new Broadcast<IncomingSignal>(MAX_WAITING_SIGNALS);
  readonly #stop = new AbortController();
  #client: SignalingClient;
  #isConnected = true;
  #metadata: Record<string, unknown>;

  /**
   * Connect for the first time.
   *
   * @throws as {@linkcode SignalingClient.connect}
   */
  static async connect(options: ReconnectingOptions): Promise<ReconnectingSignaling> {
    return new ReconnectingSignaling(await SignalingClient.connect(options), options);
  }

  private constructor(client: SignalingClient, options: ReconnectingOptions) {
    this.#client = client;
    this.#options = options;
    this.#metadata = options.metadata;
    this.ended = this.#keepConnected();
  }

  /** Our ID in the room. */
  get peerId(): string {
    return this.#client.peerId;
  }

  /** Is there a connection now? */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * The other peers in the room.
   *
   * @throws {ConnectionError} when there is no connection now
   */
  async discover(filter?: PeerFilter): Promise<PeerInfo[]> {
    return await this.#client.discover(filter);
  }

  /**
   * Send something to another peer.
   *
   * @throws {ConnectionError} when there is no connection now
   */
  send(signal: OutgoingSignal): void {
    this.#client.send(signal);
  }

  /**
   * Tell the room something new about this peer; without a connection, as soon as it is back.
   *
   * @throws {SleapRtcError} when the server refuses it; the old metadata stay
   */
  async updateMetadata(metadata: Record<string, unknown>): Promise<void> {
    const previous = this.#metadata;
    this.#metadata = mergeProperties(previous, metadata);
    try {
      await this.#client.updateMetadata(metadata);
    } catch (error) {
      if (error instanceof ConnectionError) return;
      this.#metadata = previous;
      throw error;
    }
  }

  /**
   * What comes for us from now on, over all connections. Each call is a subscription of its own,
   * which ends when this place in the room is left for good, or with its `return()`.
   */
  messages(): AsyncIterableIterator<IncomingSignal> {
    return this.#signals.subscribe();
  }

  /** Leave the room. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#client.close();
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #keepConnected(): Promise<SignalingEnd> {
    while (true) {
      for await (const signal of this.#client.messages()) this.#signals.publish(signal);
      const end = await this.#client.ended;
      const final = end.kind === "lost" ? await this.#comeBack(end.reason) : end;
      if (final === null) continue;
      this.#isConnected = false;
      this.#signals.end();
      return final;
    }
  }

  /** @returns why it cannot; null when it is back */
  async #comeBack(reason: string): Promise<SignalingEnd | null> {
    this.#isConnected = false;
    log.debug(`connection to the signaling server lost: ${reason}`);
    this.#options.onChange?.(reason);
    const { firstDelay = FIRST_DELAY, maxDelay = MAX_DELAY } = this.#options;
    for (let delay = firstDelay;; delay = Math.min(delay * 2, maxDelay)) {
      // Spread, so that not all peers come at once after a restart of the server.
      await this.#pause(delay * (0.5 + Math.random() / 2));
      if (this.#stop.signal.aborted) return { kind: "closed", reason: "closed" };
      try {
        await this.#connectAgain();
        this.#options.onChange?.(null);
        return null;
      } catch (error) {
        if (this.#stop.signal.aborted) return { kind: "closed", reason: "closed" };
        if (!(error instanceof ConnectionError)) {
          return { kind: "refused", reason: messageOf(error) };
        }
        log.debug(messageOf(error));
      }
    }
  }

  async #connectAgain(): Promise<void> {
    const metadata = this.#metadata;
    this.#client = await SignalingClient.connect({
      ...this.#options,
      metadata,
      signal: this.#stop.signal,
    });
    // It may have changed while we registered.
    if (this.#metadata !== metadata) await this.#client.updateMetadata(this.#metadata);
    this.#isConnected = true;
  }

  async #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await promise.finally(() => clearTimeout(timer));
  }
}
