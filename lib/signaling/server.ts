/**
 * The signaling server: one port for HTTP and WebSockets. It introduces peers to each other and is
 * not trusted with anything else (docs/signaling.md).
 *
 * @module
 */
import type { Hono } from "hono";
import { ConflictError, messageOf, SleapRtcError, UsageError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Accounts } from "./accounts.ts";
import { Connection } from "./server/connection.ts";
import { httpRoutes } from "./server/http.ts";
import { PendingConnections } from "./server/pending.ts";
import { AddressLimit, limitedAddress, type Rate } from "./server/rate_limit.ts";
import { Rooms } from "./server/rooms.ts";

/** Options of {@linkcode SignalingServer.start}. */
export interface ServerOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  accounts: Accounts;
  /** PEM texts; without them `http:` and `ws:`. */
  tls?: { cert: string; key: string } | undefined;
  limits?: Partial<ServerLimits>;
}

/** What the server bears. */
export interface ServerLimits {
  /** Milliseconds that a connection has to register. @default {5_000} */
  registerWithin: number;
  /** Unregistered connections of one address; the oldest makes room. @default {64} */
  pendingPerAddress: number;
  /** Unregistered connections of all addresses; the oldest makes room. @default {256} */
  pending: number;
  /** @default {4_096} */
  connections: number;
  /** Requests and new connections of one address. @default {300 at once, then 50 a second} */
  requests: Rate;
  /** Milliseconds between pings; a Python worker reconnects after 90 s. @default {30_000} */
  pingInterval: number;
}

const LIMITS: ServerLimits = {
  registerWithin: 5000,
  pendingPerAddress: 64,
  pending: 256,
  connections: 4096,
  requests: { burst: 300, perSecond: 50 },
  pingInterval: 30_000,
};

/** Seconds until a silent socket is asked whether it lives, and half of that to answer. */
const IDLE_TIMEOUT = 40;
const GOING_AWAY = 1001;
/** Milliseconds for open requests and sockets when the server ends. */
const SHUTDOWN_TIMEOUT = 2000;

const log = logger("signaling");

/** A running signaling server. */
export class SignalingServer implements AsyncDisposable {
  readonly #accounts: Accounts;
  readonly #limits: ServerLimits;
  readonly #rooms = new Rooms();
  readonly #connections = new Set<Connection>();
  readonly #pending: PendingConnections;
  readonly #requests: AddressLimit;
  readonly #routes: Hono;
  readonly #abort = new AbortController();
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;
  readonly #pinging: ReturnType<typeof setInterval>;

  /**
   * Listen.
   *
   * @throws {ConflictError} when the port is taken
   * @throws {UsageError} when the address or the certificate cannot be used
   */
  static start(options: ServerOptions): SignalingServer {
    return new SignalingServer(options);
  }

  private constructor(options: ServerOptions) {
    this.#accounts = options.accounts;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#pending = new PendingConnections(this.#limits);
    this.#requests = new AddressLimit(this.#limits.requests);
    this.#routes = httpRoutes({ accounts: options.accounts, rooms: this.#rooms });
    this.#listener = this.#listen(options);
    this.#pinging = setInterval(() => this.#ping(), this.#limits.pingInterval);
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many peers are in rooms. */
  get peerCount(): number {
    return this.#rooms.size;
  }

  /** How many WebSockets are open, registered or not. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** End: take no more requests, close all sockets, free the port. The accounts stay open. */
  async close(): Promise<void> {
    clearInterval(this.#pinging);
    const ended = this.#listener.shutdown();
    for (const connection of this.#connections) connection.close(GOING_AWAY, "server is ending");
    this.#pending.clear();
    const timer = setTimeout(() => this.#abort.abort(), SHUTDOWN_TIMEOUT);
    await ended.finally(() => clearTimeout(timer));
    await this.#listener.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #listen({ host, port, tls }: ServerOptions): Deno.HttpServer<Deno.NetAddr> {
    try {
      return Deno.serve({
        hostname: host,
        port,
        ...tls,
        signal: this.#abort.signal,
        onListen: () => {},
        onError: (error) => {
          log.error(`request failed: ${messageOf(error)}`);
          return new Response("Internal error", { status: 500 });
        },
      }, (request, info) => this.#answer(request, info.remoteAddr.hostname));
    } catch (error) {
      throw listenError(host, port, error);
    }
  }

  #answer(request: Request, hostname: string): Response | Promise<Response> {
    const address = limitedAddress(hostname);
    if (!this.#requests.take(address)) {
      return new Response("Too many requests", { status: 429, headers: { "Retry-After": "1" } });
    }
    const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    return isUpgrade ? this.#upgrade(request, address) : this.#routes.fetch(request);
  }

  #upgrade(request: Request, address: string): Response {
    if (this.#connections.size >= this.#limits.connections) {
      return new Response("Too many connections", { status: 503 });
    }
    let upgraded: Deno.WebSocketUpgrade;
    try {
      upgraded = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT });
    } catch {
      return new Response("Not a WebSocket handshake", { status: 400 });
    }
    const connection = new Connection(upgraded.socket, {
      accounts: this.#accounts,
      rooms: this.#rooms,
      address,
      onRegistered: () => this.#pending.delete(connection),
      onClosed: () => {
        this.#pending.delete(connection);
        this.#connections.delete(connection);
      },
    });
    this.#connections.add(connection);
    this.#pending.add(connection, address);
    return upgraded.response;
  }

  #ping(): void {
    for (const connection of this.#connections) connection.ping();
  }
}

function listenError(host: string, port: number, error: unknown): SleapRtcError {
  const where = `${host}:${port}`;
  if (error instanceof Deno.errors.AddrInUse) {
    return new ConflictError(`Cannot listen on ${where}: the port is taken`, {
      hint: "Choose another with --port, or a free one with --port 0.",
      cause: error,
    });
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SleapRtcError(`Cannot listen on ${where}: permission denied`, {
      hint: "Ports below 1024 are for the administrator; choose another with --port.",
      cause: error,
    });
  }
  return new UsageError(`Cannot listen on ${where}: ${messageOf(error)}`, {
    hint: "Check --host, --port, and the files of --tls-cert and --tls-key.",
    cause: error,
  });
}
