/**
 * A connection to an authenticated peer.
 *
 * @module
 */
import { decodeLink, encodeLink, isKeepAlive, keepAlive } from "../protocol/peer_link.ts";
import { messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import type { Channel, ChannelMessage } from "./channel.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type Timings, within } from "./timings.ts";
import type { Transport } from "./transport.ts";

const log = logger("rtc");

/** What may wait for its reader, in bytes a channel. */
const MAX_UNREAD_BYTES = 16 * 1_024 * 1_024;

/** How a connection ended. */
export interface ConnectionEnd {
  /**
   * `closed`: by us. `goodbye`: by the peer, in good order. `lost`: the peer died, or the network
   * between.
   */
  how: "closed" | "goodbye" | "lost";
  /** Why, for people. */
  reason: string;
}

/** How the peer was authenticated. */
export type Authentication =
  /** By a proof that is bound to this connection. */
  | "bound"
  /** By the challenge of the Python program, which is bound to nothing. */
  | "legacy";

/** The parts of a connection. */
export interface ConnectionParts {
  peerId: string;
  authentication: Authentication;
  transport: Transport;
  control: Channel;
  blocks: Channel;
  timings: Timings;
}

/** A connection to an authenticated peer. */
export class PeerConnection implements AsyncDisposable {
  /** ID of the peer in the room. */
  readonly peerId: string;
  /** How the peer was authenticated. */
  readonly authentication: Authentication;
  /** For messages: requests, events, progress. */
  readonly control: Channel;
  /** For blocks of files. A legacy peer has one channel for both: the same as `control`. */
  readonly blocks: Channel;
  readonly #transport: Transport;
  readonly #timings: Timings;
  readonly #heartbeat: Heartbeat;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  readonly #answered = Promise.withResolvers<void>();
  #end: ConnectionEnd | null = null;
  #closing: ConnectionEnd | null = null;

  /** Take over a transport whose peer is authenticated. */
  constructor(parts: ConnectionParts) {
    this.peerId = parts.peerId;
    this.authentication = parts.authentication;
    this.control = parts.control;
    this.blocks = parts.blocks;
    this.#transport = parts.transport;
    this.#timings = parts.timings;
    this.#heartbeat = new Heartbeat(parts.timings, {
      beat: () => this.#beat(),
      dead: (ms) => this.#finish("lost", `silent for ${(ms / 1_000).toFixed(1)} s`),
    });
    this.#transport.lost.then((reason) => this.#finish(this.#howLost(), reason));
    for (const channel of new Set([this.control, this.blocks])) {
      channel.filter((message) => this.#isOurs(message, channel), MAX_UNREAD_BYTES);
    }
  }

  /** How the connection ended; pending while it lasts, never rejected. */
  get closed(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  /** A transfer is under way until the result is disposed of: a dead peer is noticed sooner. */
  transfer(): Disposable {
    return this.#heartbeat.transfer();
  }

  /**
   * Say goodbye and close. Messages that were sent on the control channel arrive before; what was
   * sent on the other must be acknowledged by the peer before this is called.
   */
  async close(reason = "done"): Promise<void> {
    if (this.#end === null && this.#closing === null && this.authentication === "bound") {
      this.#closing = { how: "closed", reason };
      this.#say(reason);
      const answered = Promise.race([this.#answered.promise, this.#ended.promise]);
      await within(this.#timings.goodbye, answered, () => new Error("no answer"))
        .catch((error) => log.debug(`Goodbye to "${this.peerId}": ${messageOf(error)}`));
    }
    await this.#finish("closed", reason);
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A Python peer has no other goodbye than to close. Ours has: closing alone can be forged. */
  #howLost(): "goodbye" | "lost" {
    return this.authentication === "legacy" && this.#transport.isClosedByPeer ? "goodbye" : "lost";
  }

  #beat(): void {
    this.control.send(keepAlive()).catch((error) => log.debug(`Heartbeat: ${messageOf(error)}`));
  }

  #say(reason: string): void {
    this.control.send(encodeLink({ type: "goodbye", reason }))
      .catch((error) => log.debug(`Goodbye: ${messageOf(error)}`));
  }

  /** Whether a message is about the connection itself. */
  #isOurs(message: ChannelMessage, channel: Channel): boolean {
    this.#heartbeat.heard();
    if (channel !== this.control) return false;
    if (typeof message !== "string") return isKeepAlive(message);
    const link = this.authentication === "bound" ? decodeLink(message) : null;
    if (link?.type !== "goodbye") return false;
    this.#answered.resolve();
    if (this.#closing === null) {
      this.#say("");
      void this.#finish("goodbye", link.reason);
    }
    return true;
  }

  async #finish(how: ConnectionEnd["how"], reason: string): Promise<void> {
    if (this.#end !== null) return;
    this.#end = this.#closing ?? { how, reason };
    this.#heartbeat.stop();
    const text = how === "goodbye" ? `peer "${this.peerId}" said goodbye` : reason;
    this.control.end(text);
    this.blocks.end(text);
    await this.#transport.close();
    this.#ended.resolve(this.#end);
  }
}
