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
import type { Channel } from "./channel.ts";
import { type RtcOptions, timingsOf } from "./options.ts";
import { PeerConnection } from "./peer_connection.ts";
import {
  descriptionOf,
  type IncomingSignal,
  type SessionDescription,
  type Signaling,
} from "./signaling.ts";
import { type Timings, within } from "./timings.ts";
import { Transport } from "./transport.ts";

const log = logger("rtc");

/** Peers that may be at connecting and proving themselves at the same time. */
const MAX_PENDING = 32;

/** Options of {@linkcode acceptPeers}. */
export interface AcceptOptions extends RtcOptions {
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
    const transport = await Transport.create(this.#options.iceServers ?? []);
    try {
      this.#enter(peerId, transport);
      const connection = await this.#connect(transport, peerId, offer);
      if (this.#stopped) await connection.close("no more peers are accepted");
      else this.accepted.push(connection);
    } catch (error) {
      await transport.close();
      const cause = error instanceof Error ? error : new Error(String(error));
      log.warn(`Peer "${peerId}" was not accepted: ${cause.message}`);
      this.#options.onRefused?.(peerId, cause);
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
    const { room, secret } = this.#options;
    const lost = transport.lost.then((reason): never => {
      throw new ConnectionError(`Connection to peer "${peerId}": ${reason}`);
    });
    lost.catch(() => {});
    const sdp = await Promise.race([transport.answer(offer.sdp), lost]);
    this.#signaling.send({
      type: "answer",
      to: peerId,
      payload: { ...offer, sdp },
    });
    const { control, blocks } = await within(
      this.#timings.connect,
      Promise.race([ownChannels(transport), lost]),
      () => new ConnectionError(`No connection to peer "${peerId}" came about in time`),
    );
    await authenticate(transport, control, {
      role: "worker",
      room,
      secret,
      peers: { client: peerId, worker: this.#signaling.peerId },
      timings: this.#timings,
    });
    if (blocks.unreadBytes > 0) {
      throw new NotAuthorisedError(`Peer "${peerId}" sent blocks before its proof`);
    }
    return new PeerConnection({
      peerId,
      authentication: "bound",
      transport,
      control,
      blocks,
      timings: this.#timings,
    });
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.accepted.end();
    this.#incoming.return?.().catch(() => {});
    for (const transport of this.#pending.values()) transport.abandon("no more peers are accepted");
  }
}

/** The two channels of one of our own peers. */
async function ownChannels(transport: Transport): Promise<{ control: Channel; blocks: Channel }> {
  await transport.allChannels;
  const control = transport.channel(CHANNEL_LABELS.control);
  const blocks = transport.channel(CHANNEL_LABELS.blocks);
  if (control === undefined || blocks === undefined) {
    throw new ConnectionError("The peer opened other channels than ours");
  }
  return { control, blocks };
}
