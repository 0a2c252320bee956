/**
 * A peer's connection to the signaling server of its room.
 *
 * @module
 */
import * as v from "valibot";
import { ConflictError, ConnectionError, NotAuthorisedError, SleapRtcError } from "../errors.ts";
import { logger } from "../log.ts";
import { printable } from "../terminal/printable.ts";
import { shorten } from "../terminal/width.ts";
import { parseBoundedJson } from "./bounded_json.ts";
import { type ServerFrame, ServerFrameSchema } from "./client/frames.ts";
import { Broadcast } from "./client/broadcast.ts";
import { asObject, mergeProperties } from "./client/metadata.ts";
import { Requests } from "./client/requests.ts";
import type {
  IncomingSignal,
  OutgoingSignal,
  PeerFilter,
  PeerInfo,
  SignalingEnd,
  SignalingOptions,
} from "./client/signals.ts";
import { openSocket } from "./client/socket.ts";

export type * from "./client/signals.ts";

const TIMEOUT = 10_000;
const SILENCE = 90_000;
const MAX_WAITING_SIGNALS = 1000;
/** The Python project's server sends frames of up to 1 MiB. */
const MAX_FRAME_BYTES = 1_048_576;
const SUPERSEDED = 4001;
const NORMAL = 1000;
const MAX_REASON_WIDTH = 200;
/** Codes that say nothing about the credential. */
const TEMPORARY = new Set(["ROOM_FULL", "TOO_MANY_PEERS"]);

const log = logger("signaling");

/**
 * A peer's connection to the signaling server of its room. It does not come back by itself: see
 * {@linkcode ended}, and `ReconnectingSignaling`.
 */
export class SignalingClient implements AsyncDisposable {
  /** Resolves when the connection is gone, in whatever way. */
  readonly ended: Promise<SignalingEnd>;
  readonly #socket: WebSocket;
  readonly #options: SignalingOptions;
  readonly #registrations = new Requests<Registration>("an answer to the registration");
  readonly #discoveries = new Requests<PeerInfo[]>("the list of peers");
  readonly #updates = new Requests<void>("an answer to the new metadata");
  readonly #signals = new Broadcast<IncomingSignal>(MAX_WAITING_SIGNALS);
  readonly #end = Promise.withResolvers<SignalingEnd>();
  #metadata: Record<string, unknown>;
  #peerId: string;
  #isClosing = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isPinged = false;

  /**
   * Connect, and register in the room.
   *
   * @throws {ConnectionError} when the server cannot be reached or does not answer
   * @throws {NotAuthorisedError} when it does not let us into the room
   * @throws {ConflictError} when another member uses our peer ID
   */
  static async connect(options: SignalingOptions): Promise<SignalingClient> {
    const timeout = AbortSignal.timeout(options.timeout ?? TIMEOUT);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const socket = await openSocket(options.server, signal);
    const client = new SignalingClient(socket, options);
    const giveUp = () => void client.close();
    signal.addEventListener("abort", giveUp);
    try {
      await client.#register();
      return client;
    } catch (error) {
      await client.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  private constructor(socket: WebSocket, options: SignalingOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#metadata = options.metadata;
    this.#peerId = options.peerId;
    this.ended = this.#end.promise;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = (event) => this.#onClose(event);
    socket.onerror = (event) => event.preventDefault();
  }

  /** Our ID in the room, as the server knows it. */
  get peerId(): string {
    return this.#peerId;
  }

  /**
   * The other peers in the room.
   *
   * @throws {ConnectionError} when the connection is lost or no answer comes
   */
  async discover(filter: PeerFilter = {}): Promise<PeerInfo[]> {
    this.#sendFrame({
      type: "discover_peers",
      from_peer_id: this.#peerId,
      filters: { ...filter, room_id: this.#options.roomId },
    });
    return await this.#discoveries.wait(this.#timeout);
  }

  /**
   * Send something to another peer. Whether it arrives is not known, but see `undeliverable`.
   *
   * @throws {ConnectionError} when the connection is lost
   */
  send(signal: OutgoingSignal): void {
    const { type, to: target, payload } = signal;
    const fields = type === "candidate" ? { candidate: payload } : asObject(payload);
    this.#sendFrame({ ...fields, type, sender: this.#peerId, target });
  }

  /**
   * Tell the room something new about this peer; keys of `properties` that are not named stay.
   *
   * @throws {ConnectionError} when the connection is lost or no answer comes
   * @throws {SleapRtcError} when the server refuses it; the old metadata stay
   */
  async updateMetadata(metadata: Record<string, unknown>): Promise<void> {
    const previous = this.#metadata;
    this.#metadata = mergeProperties(previous, metadata);
    // All of it: the Python project's server forgets what an update does not name.
    this.#sendFrame({ type: "update_metadata", peer_id: this.#peerId, metadata: this.#metadata });
    try {
      await this.#updates.wait(this.#timeout);
    } catch (error) {
      this.#metadata = previous;
      throw error;
    }
  }

  /**
   * What comes for us from now on. Each call is a subscription of its own, which ends with the
   * connection or its `return()`; what came before the first one waits for it.
   */
  messages(): AsyncIterableIterator<IncomingSignal> {
    return this.#signals.subscribe();
  }

  /** Leave the room. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(NORMAL);
    const timer = setTimeout(
      () => this.#finish({ kind: "closed", reason: "closed" }),
      this.#timeout,
    );
    await this.ended.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #timeout(): number {
    return this.#options.timeout ?? TIMEOUT;
  }

  async #register(): Promise<void> {
    const { peerId, role, roomId, metadata, credential } = this.#options;
    this.#sendFrame({
      type: "register",
      peer_id: peerId,
      role,
      room_id: roomId,
      metadata,
      ...(credential.startsWith("slp_") ? { api_key: credential } : { jwt: credential }),
      features: ["notices"],
    });
    const registration = await this.#registrations.wait(this.#timeout);
    this.#peerId = registration.peerId;
    this.#isPinged = registration.isPinged;
    this.#watchSilence();
  }

  #receive(data: unknown): void {
    this.#watchSilence();
    const value = typeof data === "string"
      ? parseBoundedJson(data, { maxBytes: MAX_FRAME_BYTES })
      : undefined;
    const frame = v.safeParse(ServerFrameSchema, value);
    if (frame.success) this.#handle(frame.output);
    else log.debug("ignored a frame of the signaling server that is not understood");
  }

  #handle(frame: ServerFrame): void {
    switch (frame.type) {
      case "registered_auth":
        return this.#registrations.resolve({
          peerId: frame.peer_id,
          isPinged: frame.features.includes("notices"),
        });
      case "peer_list":
        return this.#discoveries.resolve(frame.peers.map((peer) => ({
          peerId: peer.peer_id,
          role: peer.role === "worker" ? "worker" : "client",
          metadata: peer.metadata,
        })));
      case "metadata_updated":
        return this.#updates.resolve();
      case "error":
        return this.#onError(frame);
      case "offer":
      case "answer": {
        const { type, sender, target: _target, ...payload } = frame;
        return this.#deliver({ type, from: sender, payload });
      }
      case "candidate":
        return this.#deliver({ type: "candidate", from: frame.sender, payload: frame.candidate });
      case "peer_joined":
      case "peer_left":
        return this.#deliver({
          type: frame.type,
          from: frame.peer_id,
          payload: { role: frame.role },
        });
      case "undeliverable":
        return this.#deliver({ type: "undeliverable", from: frame.target, payload: null });
      default:
    }
  }

  #deliver(signal: IncomingSignal): void {
    if (!this.#signals.publish(signal)) {
      log.warn(`dropped a message of "${signal.from}": too many wait`);
    }
  }

  #onError(frame: Extract<ServerFrame, { type: "error" }>): void {
    const reason = shorten(
      printable(frame.reason ?? frame.message ?? "no reason"),
      MAX_REASON_WIDTH,
    );
    if (this.#registrations.isWaiting) {
      this.#registrations.reject(this.#refusal(frame.code ?? "", reason));
      return;
    }
    const error = new SleapRtcError(`The signaling server refused a request: ${reason}`);
    if (this.#discoveries.isWaiting) this.#discoveries.reject(error);
    else if (this.#updates.isWaiting) this.#updates.reject(error);
    else log.debug(`the signaling server says: ${reason}`);
  }

  #refusal(code: string, reason: string): ConnectionError | ConflictError | NotAuthorisedError {
    const { server, roomId, peerId } = this.#options;
    const message = `The signaling server ${server} does not let "${peerId}" into room ` +
      `"${roomId}": ${reason}`;
    if (code === "PEER_ID_TAKEN") {
      return new ConflictError(message, { hint: "Choose another name." });
    }
    if (TEMPORARY.has(code)) return new ConnectionError(message, { hint: "Try again later." });
    return new NotAuthorisedError(message, {
      hint: "Ask a member for a new link (`sleap-rtc invite`) and run `sleap-rtc join LINK`.",
    });
  }

  #sendFrame(frame: Record<string, unknown>): void {
    if (this.#isClosing || this.#socket.readyState !== WebSocket.OPEN) throw this.#lostError();
    this.#socket.send(JSON.stringify(frame));
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    if (!this.#isPinged || this.#isClosing) return;
    this.#silence = setTimeout(() => {
      this.#socket.close();
      this.#finish({ kind: "lost", reason: "it no longer answers" });
    }, this.#options.silence ?? SILENCE);
  }

  #onClose({ code, reason }: CloseEvent): void {
    if (this.#isClosing) return this.#finish({ kind: "closed", reason: "closed" });
    this.#finish({
      kind: code === SUPERSEDED ? "superseded" : "lost",
      reason: shorten(printable(reason), MAX_REASON_WIDTH) || "the connection broke",
    });
  }

  #finish(end: SignalingEnd): void {
    this.#isClosing = true;
    clearTimeout(this.#silence);
    this.#signals.end();
    this.#end.resolve(end);
    const error = this.#lostError(end.reason);
    for (const requests of [this.#registrations, this.#discoveries, this.#updates]) {
      requests.rejectAll(error);
    }
  }

  #lostError(reason?: string): ConnectionError {
    const why = reason === undefined ? "" : `: ${reason}`;
    return new ConnectionError(
      `The connection to the signaling server ${this.#options.server} is lost${why}`,
      { hint: "Check the server and the network, and try again." },
    );
  }
}

interface Registration {
  peerId: string;
  isPinged: boolean;
}
