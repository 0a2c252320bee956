/**
 * A minimal ZeroMQ: SUB and PUB sockets that are bound to a loopback port, for one or more
 * trainers that connect. ZMTP 3.0 with the NULL mechanism, nothing else.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import { encodeFrame } from "./zmtp/codec.ts";
import { Connection, type ConnectionOptions, type Incoming } from "./zmtp/connection.ts";

const LOOPBACK = "127.0.0.1";
const MAX_CONNECTIONS = 32;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** A subscription is a topic prefix; sleap-nn's is empty. */
const MAX_SUBSCRIPTION_BYTES = 4096;
const MAX_SUBSCRIPTIONS = 100;
const SUBSCRIBE = 0x01;
const CANCEL = 0x00;

const log = logger("zmtp");
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Options of {@linkcode bindSub} and {@linkcode bindPub}. */
export interface BindOptions {
  /**
   * Port on 127.0.0.1; 0 takes a free one.
   * @default {0}
   */
  port?: number;
  /**
   * How long a peer may take for its greeting, in milliseconds.
   * @default {5000}
   */
  handshakeMs?: number;
  /**
   * How long to let messages gather before they are read, in milliseconds.
   * @default {0}
   */
  gatherMs?: number;
}

/** A socket that peers connect to. */
export interface BoundSocket {
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** Close the port and every connection; resolves when nothing of them runs any more. */
  close(): Promise<void>;
}

/** A bound PUB socket. */
export interface PubSocket extends BoundSocket {
  /**
   * Send one single-frame message to every peer that subscribed to it.
   *
   * @returns to how many peers it is on its way; 0 where none has subscribed yet
   */
  send(text: string): number;
}

/**
 * Bind a SUB socket that subscribes to everything its peers publish.
 *
 * Messages of several frames are ignored, as sleap-nn sends none. A peer that breaks the protocol
 * or sends more than 1 MiB in a frame is dropped; the others stay.
 *
 * @param onMessage called with each message in the order of its peer; must not throw
 */
export function bindSub(onMessage: (text: string) => void, options: BindOptions = {}): BoundSocket {
  const subscribeToAll = encodeFrame(new Uint8Array([SUBSCRIBE]));
  return new Listener(options, {
    socketType: "SUB",
    peerTypes: ["PUB", "XPUB"],
    maxFrameBytes: MAX_MESSAGE_BYTES,
  }, {
    opened: (connection) => void connection.send(subscribeToAll),
    incoming: (_, incoming) => {
      if (incoming.kind !== "message") return;
      if (incoming.parts === 1) onMessage(decoder.decode(incoming.body));
      else log.debug(`ignored a message of ${incoming.parts} frames`);
    },
  });
}

/** Bind a PUB socket. */
export function bindPub(options: BindOptions = {}): PubSocket {
  const subscriptions = new Map<Connection, Map<string, number>>();
  const listener = new Listener(options, {
    socketType: "PUB",
    peerTypes: ["SUB", "XSUB"],
    maxFrameBytes: MAX_SUBSCRIPTION_BYTES,
  }, {
    opened: (connection) => void subscriptions.set(connection, new Map()),
    incoming: (connection, incoming) => {
      const topics = subscriptions.get(connection);
      if (topics !== undefined) changeSubscription(topics, incoming);
    },
    ended: (connection) => void subscriptions.delete(connection),
  });
  return {
    port: listener.port,
    close: () => listener.close(),
    send(text: string): number {
      const frame = encodeFrame(encoder.encode(text));
      let count = 0;
      for (const [connection, topics] of subscriptions) {
        const wanted = topics.keys().some((topic) => text.startsWith(topic));
        if (wanted && connection.send(frame)) count++;
      }
      return count;
    },
  };
}

/** ZMTP 3.0 peers subscribe with a message, 3.1 peers with a command. */
function changeSubscription(topics: Map<string, number>, incoming: Incoming): void {
  if (incoming.kind === "command") {
    const topic = decoder.decode(incoming.data);
    if (incoming.name === "SUBSCRIBE") subscribe(topics, topic);
    else if (incoming.name === "CANCEL") cancel(topics, topic);
    return;
  }
  const topic = decoder.decode(incoming.body.subarray(1));
  if (incoming.body[0] === SUBSCRIBE) subscribe(topics, topic);
  else if (incoming.body[0] === CANCEL) cancel(topics, topic);
}

function subscribe(topics: Map<string, number>, topic: string): void {
  const count = topics.get(topic) ?? 0;
  if (count > 0 || topics.size < MAX_SUBSCRIPTIONS) topics.set(topic, count + 1);
}

function cancel(topics: Map<string, number>, topic: string): void {
  const count = topics.get(topic) ?? 0;
  if (count > 1) topics.set(topic, count - 1);
  else topics.delete(topic);
}

/** What a socket does with its connections. */
interface Handlers {
  opened(connection: Connection): void;
  incoming(connection: Connection, incoming: Incoming): void;
  ended?(connection: Connection): void;
}

/** Accepts peers and serves each until it ends. */
class Listener implements BoundSocket {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #settings: ConnectionOptions;
  readonly #handlers: Handlers;
  readonly #connections = new Map<Connection, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;

  constructor(options: BindOptions, settings: ConnectionOptions, handlers: Handlers) {
    const { port = 0, ...rest } = options;
    this.#settings = { ...settings, ...rest };
    this.#handlers = handlers;
    this.#listener = Deno.listen({ hostname: LOOPBACK, port });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#listener.close();
    }
    await this.#accepting;
    for (const connection of this.#connections.keys()) connection.close();
    await Promise.all(this.#connections.values());
  }

  async #accept(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#serveIfRoom(await this.#listener.accept());
      } catch (error) {
        if (signal.aborted) return;
        log.debug(`cannot accept a connection: ${messageOf(error)}`);
        await delay(100, undefined, { signal }).catch(() => {});
      }
    }
  }

  #serveIfRoom(conn: Deno.TcpConn): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      conn.close();
      log.debug(`refused a connection: there are ${MAX_CONNECTIONS} already`);
      return;
    }
    const connection = new Connection(conn, this.#settings);
    const served = this.#serve(connection).finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, served);
  }

  async #serve(connection: Connection): Promise<void> {
    try {
      await connection.handshake();
      this.#handlers.opened(connection);
      while (true) this.#handlers.incoming(connection, await connection.receive());
    } catch (error) {
      if (!this.#closing.signal.aborted) log.debug(`dropped a peer: ${messageOf(error)}`);
    } finally {
      this.#handlers.ended?.(connection);
      await connection.closed();
    }
  }
}
