/**
 * Questions and answers between two peers, over one channel.
 *
 * @module
 */
import { ConnectionError, messageOf, SleapRtcError } from "../errors.ts";
import { logger } from "../log.ts";
import {
  decodeRpc,
  encodeRpc,
  isRpc,
  type RpcError,
  type RpcId,
  type RpcMessage,
} from "../protocol/rpc.ts";
import { type Channel, type ChannelMessage, MAX_MESSAGE_BYTES } from "./channel.ts";
import { fromRpcError, toRpcError } from "./rpc_peer/error.ts";
import { within } from "./timings.ts";

const log = logger("rpc");

/** Requests of the peer that are answered at the same time. */
const MAX_CONCURRENT = 64;
/** Answers that wait for room in the channel; with more the peer is not read any more. */
const MAX_UNSENT = 128;

/** Answers one method: checks its `params`, returns what JSON can say, or throws. */
export type RpcHandler = (params: unknown) => unknown;

/** Options of {@linkcode RpcPeer}. */
export interface RpcPeerOptions {
  /** ID of the peer, for error texts. */
  peerId: string;
  /**
   * What we answer, by method; also told of notifications.
   * @default {{}}
   */
  handlers?: Readonly<Record<string, RpcHandler>>;
  /** Gets every message of the channel that is no RPC; dropped when absent. */
  onOther?: (message: ChannelMessage) => void;
  /**
   * The peer's error as one of ours.
   * @default {fromRpcError}
   */
  readError?: (error: RpcError) => SleapRtcError;
  /**
   * How long a call waits for its answer, in milliseconds.
   * @default {30_000}
   */
  timeoutMs?: number;
}

/** Options of {@linkcode RpcPeer.call}. */
export interface CallOptions {
  /** How long to wait for the answer, in milliseconds. */
  timeoutMs?: number;
}

/**
 * One side of a conversation. It is the channel's reader from its construction to the channel's end.
 */
export class RpcPeer {
  readonly #channel: Channel;
  readonly #options: RpcPeerOptions;
  readonly #handlers: ReadonlyMap<string, RpcHandler>;
  readonly #calls = new Map<RpcId, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #answering = 0;
  #unsent = 0;
  #sent = Promise.withResolvers<void>();
  #isEnded = false;

  constructor(channel: Channel, options: RpcPeerOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#handlers = new Map(Object.entries(options.handlers ?? {}));
    void this.#read();
  }

  /**
   * Ask the peer.
   *
   * @returns its answer, unchecked
   * @throws {SleapRtcError} the peer's own error, with its exit code
   * @throws {ConnectionError} when the connection ends or the answer takes too long
   */
  async call(method: string, params: unknown = null, options: CallOptions = {}): Promise<unknown> {
    const { peerId } = this.#options;
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
    const id = ++this.#lastId;
    const call = Promise.withResolvers<unknown>();
    // it may be rejected while the request still waits for room
    call.promise.catch(() => {});
    if (this.#isEnded) throw this.#lost();
    this.#calls.set(id, call);
    try {
      await this.#send({ kind: "request", id, method, params });
      return await within(
        timeoutMs,
        call.promise,
        () => new ConnectionError(`Peer "${peerId}" did not answer "${method}" in time`),
      );
    } finally {
      this.#calls.delete(id);
    }
  }

  /** Tell the peer something that needs no answer. */
  async notify(method: string, params: unknown = null): Promise<void> {
    await this.#send({ kind: "notification", method, params });
  }

  async #send(message: RpcMessage): Promise<void> {
    const text = encodeRpc(message);
    if (new TextEncoder().encode(text).length > MAX_MESSAGE_BYTES) {
      throw new SleapRtcError("The message is larger than 64 KiB", {
        hint: "Ask for less at once",
      });
    }
    await this.#channel.send(text);
  }

  async #read(): Promise<void> {
    for await (const message of this.#channel) {
      if (typeof message === "string" && isRpc(message)) this.#handle(decodeRpc(message));
      else this.#passOn(message);
      while (this.#unsent >= MAX_UNSENT) await this.#sent.promise;
    }
    this.#isEnded = true;
    for (const call of this.#calls.values()) call.reject(this.#lost());
  }

  #passOn(message: ChannelMessage): void {
    try {
      this.#options.onOther?.(message);
    } catch (error) {
      log.error(`A message of peer "${this.#options.peerId}": ${messageOf(error)}`);
    }
  }

  #handle(message: RpcMessage | null): void {
    switch (message?.kind) {
      case undefined:
        log.debug(`Peer "${this.#options.peerId}" sent an RPC that cannot be read`);
        break;
      case "request":
        void this.#answer(message.id, message.method, message.params);
        break;
      case "notification":
        void this.#take(message.method, message.params);
        break;
      case "result":
        this.#calls.get(message.id)?.resolve(message.result);
        break;
      case "error":
        this.#calls.get(message.id)?.reject(this.#errorOf(message.error));
        break;
    }
  }

  async #take(method: string, params: unknown): Promise<void> {
    try {
      await this.#handlers.get(method)?.(params);
    } catch (error) {
      log.warn(`Notification "${method}" of peer "${this.#options.peerId}": ${messageOf(error)}`);
    }
  }

  async #answer(id: RpcId, method: string, params: unknown): Promise<void> {
    const reply = await this.#replyTo(id, method, params);
    this.#unsent++;
    try {
      await this.#send(reply);
    } catch (error) {
      if (error instanceof ConnectionError) return;
      await this.#send({ kind: "error", id, error: toRpcError(error) }).catch((error) =>
        log.debug(`Answer to "${method}": ${messageOf(error)}`)
      );
    } finally {
      this.#unsent--;
      this.#sent.resolve();
      this.#sent = Promise.withResolvers();
    }
  }

  async #replyTo(id: RpcId, method: string, params: unknown): Promise<RpcMessage> {
    const refuse = (code: string, message: string): RpcMessage => {
      const error: RpcError = { code, message, exit_code: 1 };
      return { kind: "error", id, error };
    };
    const handler = this.#handlers.get(method);
    if (handler === undefined) return refuse("unknown_method", `There is no method "${method}"`);
    if (this.#answering >= MAX_CONCURRENT) return refuse("busy", "Too many requests at once");
    this.#answering++;
    try {
      return { kind: "result", id, result: await handler(params) };
    } catch (error) {
      if (!(error instanceof SleapRtcError)) log.error(`Method "${method}": ${messageOf(error)}`);
      return { kind: "error", id, error: toRpcError(error) };
    } finally {
      this.#answering--;
    }
  }

  #errorOf(error: RpcError): SleapRtcError {
    const { peerId, readError } = this.#options;
    return readError?.(error) ?? fromRpcError(error, peerId);
  }

  #lost(): ConnectionError {
    return new ConnectionError(`The connection to peer "${this.#options.peerId}" ended`);
  }
}
