/**
 * One WebRTC transport: descriptions, channels, and word of its end. The only place that makes
 * werift objects; werift is loaded with the first of them.
 *
 * @module
 */
import type { DtlsSocket, RTCDataChannel, RTCDtlsTransport, RTCPeerConnection } from "werift";
import { messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import { Channel, MAX_EARLY_BYTES } from "./channel.ts";
import { guardDtls, sealKeys, sendCloseNotify } from "./transport/dtls.ts";
import { additionalHostAddresses } from "./transport/host_addresses.ts";
import { guardAssociation } from "./transport/sctp.ts";

const log = logger("rtc");

/** A STUN or TURN server. */
export interface IceServer {
  /** `stun:host:port` or `turn:host:port?transport=udp`. */
  urls: string;
  username?: string;
  credential?: string;
}

/** A peer opens two channels, a Python peer one. */
const MAX_CHANNELS = 2;

/** One WebRTC transport. */
export class Transport {
  readonly #pc: RTCPeerConnection;
  readonly #lost = Promise.withResolvers<string>();
  readonly #secured = Promise.withResolvers<DtlsSocket>();
  readonly #channels = new Map<string, Channel>();
  readonly #arrived = Promise.withResolvers<Channel>();
  readonly #complete = Promise.withResolvers<void>();
  #dtls: RTCDtlsTransport | null = null;
  #isLost = false;
  #isClosedByPeer = false;

  private constructor(pc: RTCPeerConnection) {
    this.#pc = pc;
    this.#secured.promise.catch(() => {});
    this.#lost.promise.then((reason) => {
      this.#isLost = true;
      this.#secured.reject(new Error(reason));
      for (const channel of this.#channels.values()) channel.end(reason);
    });
    pc.connectionStateChange.subscribe((state) => {
      if (state === "failed") this.#lost.resolve("no route to the peer, or the route was lost");
      if (state === "closed") this.#lost.resolve("the connection was closed");
    });
    pc.onDataChannel.subscribe((raw) => this.#accept(raw));
  }

  /** Load werift and make a transport. */
  static async create(iceServers: readonly IceServer[]): Promise<Transport> {
    const { RTCPeerConnection } = await import("werift");
    return new Transport(
      new RTCPeerConnection({
        iceServers: [...iceServers],
        iceAdditionalHostAddresses: additionalHostAddresses(),
      }),
    );
  }

  /** Why the transport is of no use any more; stays pending while it is. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  /** Whether the peer closed the transport, rather than died. */
  get isClosedByPeer(): boolean {
    return this.#isClosedByPeer;
  }

  /** The DTLS socket once its handshake is complete; rejected when the transport is lost before. */
  get secured(): Promise<DtlsSocket> {
    return this.#secured.promise;
  }

  /** The first channel that the other side opened. */
  get firstChannel(): Promise<Channel> {
    return this.#arrived.promise;
  }

  /** All channels that the other side may open are open. */
  get allChannels(): Promise<void> {
    return this.#complete.promise;
  }

  /** A channel that is open, by its label. */
  channel(label: string): Channel | undefined {
    return this.#channels.get(label);
  }

  /** Open a channel: before the offer is made. */
  open(label: string): { channel: Channel; opened: Promise<void> } {
    const raw = this.#pc.createDataChannel(label);
    const { promise, resolve } = Promise.withResolvers<void>();
    raw.stateChange.subscribe((state) => state === "open" && resolve());
    return { channel: this.#wrap(raw), opened: promise };
  }

  /** Our offer, complete with all candidates. */
  async offer(): Promise<string> {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    return this.#localSdp();
  }

  /** Our answer to an offer, complete with all candidates. */
  async answer(offer: string): Promise<string> {
    await this.#pc.setRemoteDescription({ type: "offer", sdp: offer });
    this.#guard();
    await this.#pc.setLocalDescription(await this.#pc.createAnswer());
    return this.#localSdp();
  }

  /** Take the answer to our offer and connect. */
  async connect(answer: string): Promise<void> {
    this.#guard();
    await this.#pc.setRemoteDescription({ type: "answer", sdp: answer });
  }

  /** Give up: the transport counts as lost for the given reason. */
  abandon(reason: string): void {
    this.#lost.resolve(reason);
  }

  /** Tell the peer on the DTLS level, and free everything. */
  async close(): Promise<void> {
    this.#lost.resolve("the connection was closed");
    const socket = this.#dtls?.dtls;
    try {
      if (this.#dtls?.state === "connected" && socket !== undefined) await sendCloseNotify(socket);
      await this.#pc.close();
    } catch (error) {
      log.debug(`Closing a connection: ${messageOf(error)}`);
    }
  }

  #peerClosed(reason: string): void {
    this.#isClosedByPeer ||= !this.#isLost;
    this.#lost.resolve(reason);
  }

  #localSdp(): string {
    const sdp = this.#pc.localDescription?.sdp;
    if (sdp === undefined) throw new Error("werift made no description");
    return sdp;
  }

  /** From before the first packet; the DTLS socket is made between `connecting` and the next task. */
  #guard(): void {
    const [dtls] = this.#pc.dtlsTransports;
    const { sctpTransport } = this.#pc;
    if (dtls === undefined || sctpTransport === undefined) {
      throw new Error("The description has no data channel");
    }
    this.#dtls = dtls;
    guardAssociation(sctpTransport, (what) => {
      log.debug(`A peer broke the protocol: ${what}`);
      this.#lost.resolve("the peer broke the protocol");
    });
    dtls.onStateChange.subscribe((state) => {
      if (state === "connecting") queueMicrotask(() => dtls.dtls && guardDtls(dtls.dtls));
      if (state === "connected" && dtls.dtls !== undefined) {
        sealKeys(dtls.dtls);
        this.#secured.resolve(dtls.dtls);
      }
      if (state === "failed") this.#lost.resolve("no secure connection could be made");
      if (state === "closed") this.#peerClosed("the peer closed the connection");
    });
  }

  #accept(raw: RTCDataChannel): void {
    if (this.#channels.size >= MAX_CHANNELS || this.#channels.has(raw.label)) {
      this.#lost.resolve("the peer opened more channels than it may");
      return;
    }
    const channel = this.#wrap(raw);
    // werift acknowledges after this event; a Python client drops what comes before
    setTimeout(() => this.#arrived.resolve(channel), 0);
    if (this.#channels.size === MAX_CHANNELS) this.#complete.resolve();
  }

  #wrap(raw: RTCDataChannel): Channel {
    const channel = new Channel(
      raw,
      MAX_EARLY_BYTES,
      () => this.#lost.resolve("the peer sent more than was read"),
    );
    raw.stateChange.subscribe((state) => {
      if (state === "closed") this.#peerClosed("the peer closed its channel");
    });
    this.#channels.set(raw.label, channel);
    return channel;
  }
}
