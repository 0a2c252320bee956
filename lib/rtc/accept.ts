/**
 * The side that answers offers: a worker that waits for clients.
 *
 * @module
 */
import { ConnectionError, messageOf, NotAuthorisedError } from "../errors.ts";
import { logger } from "../log.ts";
import { CHANNEL_LABELS } from "../protocol/peer_link.ts";
import { AsyncQueue } from "./async_queue.ts";
import { authenticate } from "./authenticate.ts";
import { challengeLegacyClient } from "./authenticate/legacy.ts";
import type { Channel } from "./channel.ts";
import { type RtcOptions, timingsOf } from "./options.ts";
import { PeerConnection } from "./peer_connection.ts";
import {
  descriptionOf,
  type IncomingSignal,
  type SessionDescription,
  type Signaling,
} from "./signaling.ts";
import { legacyTimings, type Timings, within } from "./timings.ts";
import { cannotConnect, orLost } from "./or_lost.ts";
import { Transport } from "./transport.ts";

const log = logger("rtc");

/** Peers that may be at connecting and proving themselves at the same time. */
const MAX_PENDING = 32;

/** Options of {@linkcode acceptPeers}. */
export interface AcceptOptions extends RtcOptions {
  /**
   * Accept Python clients too, whose proof is not bound to the connection.
   * @default {false}
   */
  allowLegacy?: boolean;
  /**
   * Public keys with which members of the room may prove themselves from Python; asked for each time.
   * @default {() => []}
   */
  authorizedKeys?: () => Promise<readonly string[]>;
  /** Told of every peer that was not accepted, and why. */
  onRefused?: (peerId: string, error: Error) => void;
}

/**
 * Accept peers that make us an offer and prove themselves, several at once.
 *
 * A peer that fails is logged and forgotten; a second offer of a peer replaces the first while that
 * one is not authenticated. The iteration ends with the signaling, with `options.signal`, or when the
 * reader leaves; connections that were accepted stay.
 *
 * @example
 * ```ts
 * for await (const connection of acceptPeers(signaling, { room, secret })) void serve(connection);
 * ```
 */
export function acceptPeers(
  signaling: Signaling,
  options: AcceptOptions,
): AsyncIterableIterator<PeerConnection> {
  return new Acceptor(signaling, options).accepted;
}

class Acceptor {
  readonly accepted = new AsyncQueue<PeerConnection>(() => this.#stop());
  readonly #signaling: Signaling;
  readonly #options: AcceptOptions;
  readonly #timings: Timings;
  readonly #incoming: AsyncIterator<IncomingSignal>;
  readonly #pending = new Map<string, Transport>();
  #stopped = false;

  constructor(signaling: Signaling, options: AcceptOptions) {
    this.#signaling = signaling;
    this.#options = options;
    this.#timings = timingsOf(options);
    this.#incoming = signaling.messages()[Symbol.asyncIterator]();
    options.signal?.addEventListener("abort", () => this.#stop(), { once: true });
    if (options.signal?.aborted) this.#stop();
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped) {
        const { done, value } = await this.#incoming.next();
        if (done) break;
        this.#handle(value);
      }
    } catch (error) {
      log.warn(`No more peers are accepted: ${messageOf(error)}`);
    }
    this.#stop();
  }

  #handle(signal: IncomingSignal): void {
    if (signal.type !== "offer") return;
    const offer = descriptionOf(signal);
    if (offer === null) {
      log.debug(`Peer "${signal.from}" made an offer that cannot be read`);
      return;
    }
    void this.#accept(signal.from, offer);
  }

  async #accept(peerId: string, offer: SessionDescription): Promise<void> {
    try {
      const connection = await this.#welcome(peerId, offer);
      if (this.#stopped) await connection.close("no more peers are accepted");
      else this.accepted.push(connection);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      log.warn(`Peer "${peerId}" was not accepted: ${cause.message}`);
      this.#options.onRefused?.(peerId, cause);
    }
  }

  async #welcome(peerId: string, offer: SessionDescription): Promise<PeerConnection> {
    const transport = await Transport.create(this.#options.iceServers ?? []);
    try {
      this.#enter(peerId, transport);
      return await this.#connect(transport, peerId, offer);
    } catch (error) {
      await transport.close();
      throw error;
    } finally {
      if (this.#pending.get(peerId) === transport) this.#pending.delete(peerId);
    }
  }

  #enter(peerId: string, transport: Transport): void {
    if (this.#stopped) throw new ConnectionError("No more peers are accepted");
    this.#pending.get(peerId)?.abandon("it made another offer");
    if (this.#pending.size >= MAX_PENDING && !this.#pending.has(peerId)) {
      throw new ConnectionError(`${MAX_PENDING} other peers are not authenticated yet`);
    }
    this.#pending.set(peerId, transport);
  }

  async #connect(
    transport: Transport,
    peerId: string,
    offer: SessionDescription,
  ): Promise<PeerConnection> {
    const answer = await orLost(transport, peerId, transport.answer(offer.sdp));
    this.#signaling.send({ type: "answer", to: peerId, payload: { ...offer, sdp: answer } });
    const first = await this.#inTime(transport, peerId, transport.firstChannel);
    if (!Object.values<string>(CHANNEL_LABELS).includes(first.label)) {
      return await this.#meetLegacy(transport, peerId, first);
    }
    await this.#inTime(transport, peerId, transport.allChannels);
    return await this.#meet(transport, peerId);
  }

  async #meet(transport: Transport, peerId: string): Promise<PeerConnection> {
    const control = transport.channel(CHANNEL_LABELS.control);
    const blocks = transport.channel(CHANNEL_LABELS.blocks);
    if (control === undefined || blocks === undefined) {
      throw new ConnectionError(`Peer "${peerId}" opened other channels than ours`);
    }
    const { room, secret } = this.#options;
    const timings = this.#timings;
    const peers = { client: peerId, worker: this.#signaling.peerId };
    await authenticate(transport, control, { role: "worker", room, secret, peers, timings });
    if (blocks.unreadBytes > 0) {
      throw new NotAuthorisedError(`Peer "${peerId}" sent blocks before its proof`);
    }
    const authentication = "bound";
    return new PeerConnection({ peerId, authentication, transport, control, blocks, timings });
  }

  async #meetLegacy(
    transport: Transport,
    peerId: string,
    control: Channel,
  ): Promise<PeerConnection> {
    if (this.#options.allowLegacy !== true) {
      throw new NotAuthorisedError(
        `Peer "${peerId}" is a Python client, which is not allowed here`,
        {
          hint: "Use sleap-rtc on both machines, or --allow-legacy",
        },
      );
    }
    const { secret, authorizedKeys } = this.#options;
    const keys = authorizedKeys === undefined ? {} : { authorizedKeys };
    const proving = challengeLegacyClient(control, { peerId, secret, ...keys });
    await this.#inTime(transport, peerId, proving, this.#timings.authenticate);
    const timings = legacyTimings(this.#timings);
    return new PeerConnection({
      peerId,
      authentication: "legacy",
      transport,
      control,
      blocks: control,
      timings,
    });
  }

  #inTime<T>(
    transport: Transport,
    peerId: string,
    step: Promise<T>,
    ms = this.#timings.connect,
  ): Promise<T> {
    return within(
      ms,
      orLost(transport, peerId, step),
      () => cannotConnect(peerId, "it took too long"),
    );
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.accepted.end();
    this.#incoming.return?.().catch(() => {});
    for (const transport of this.#pending.values()) transport.abandon("no more peers are accepted");
  }
}
