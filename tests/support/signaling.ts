/**
 * A signaling server for tests, and peers that speak raw frames to it.
 *
 * @module
 */
import { join } from "node:path";
import { Accounts, type User } from "../../lib/signaling/accounts.ts";
import type { SignalingOptions } from "../../lib/signaling/client.ts";
import { type ServerLimits, SignalingServer } from "../../lib/signaling/server.ts";
import { Inbox } from "./inbox.ts";

/** A JSON frame. */
export type RawFrame = Record<string, unknown>;

/** A member of a room. */
export interface Member {
  user: User;
  key: string;
}

/** A server with one room, in a temporary folder. */
export class SignalingBed implements AsyncDisposable {
  readonly folder: string;
  readonly accounts: Accounts;
  readonly roomId: string;
  readonly #limits: Partial<ServerLimits>;
  #server: SignalingServer;

  private constructor(folder: string, limits: Partial<ServerLimits>) {
    this.folder = folder;
    this.#limits = limits;
    this.accounts = new Accounts(join(folder, "accounts.sqlite"));
    this.roomId = this.accounts.createRoom().id;
    this.#server = this.#start(0);
  }

  static async create(limits: Partial<ServerLimits> = {}): Promise<SignalingBed> {
    return new SignalingBed(await Deno.makeTempDir({ prefix: "signaling-" }), limits);
  }

  get server(): SignalingServer {
    return this.#server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** A new member of the room. */
  member(name = "alice", roomId = this.roomId): Member {
    const { code } = this.accounts.createInvite(roomId);
    const joined = this.accounts.redeemInvite(code, name);
    if (!joined?.accountKey) throw new Error("The invite was not accepted");
    return { user: joined.user, key: joined.accountKey };
  }

  /** Options of a client of a new member. */
  options(peerId: string, more: Partial<SignalingOptions> = {}): SignalingOptions {
    return {
      server: this.url,
      roomId: this.roomId,
      peerId,
      credential: more.credential ?? this.member().key,
      role: "client",
      metadata: {},
      ...more,
    };
  }

  /** End the server. */
  async stop(): Promise<void> {
    await this.#server.close();
  }

  /** Start it again on the same port. */
  restart(): void {
    this.#server = this.#start(this.#server.port);
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<RawResponse> {
    const response = await fetch(this.url + path, {
      method,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.key === undefined ? {} : { headers: { Authorization: `Bearer ${options.key}` } }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    const body: RawFrame = isJson ? JSON.parse(text) : { text };
    return { status: response.status, body, headers: response.headers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    this.accounts.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  #start(port: number): SignalingServer {
    const { accounts } = this;
    return SignalingServer.start({ host: "127.0.0.1", port, accounts, limits: this.#limits });
  }
}

/** Options of {@linkcode SignalingBed.request}. */
export interface RequestOptions {
  body?: unknown;
  key?: string;
}

/** An answer over HTTP. */
export interface RawResponse {
  status: number;
  body: RawFrame;
  headers: Headers;
}

/** A peer that sends what a test writes. */
export class RawPeer implements AsyncDisposable {
  readonly frames = new Inbox<RawFrame>();
  /** The close code. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.frames.push(JSON.parse(data));
    this.closed = new Promise((resolve) => socket.onclose = ({ code }) => resolve(code));
    socket.onerror = (event) => event.preventDefault();
  }

  /** Open a socket to a server. */
  static async open(url: string): Promise<RawPeer> {
    const socket = new WebSocket(url.replace("http", "ws"));
    const peer = new RawPeer(socket);
    await new Promise<void>((resolve) => {
      socket.onopen = () => resolve();
      void peer.closed.then(() => resolve());
    });
    return peer;
  }

  /** Open a socket and register; the answer is read. */
  static async register(bed: SignalingBed, id: string, more: RawFrame = {}): Promise<RawPeer> {
    const peer = await RawPeer.open(bed.url);
    await peer.ask({
      type: "register",
      peer_id: id,
      role: "client",
      room_id: bed.roomId,
      api_key: more["api_key"] ?? bed.member().key,
      ...more,
    });
    return peer;
  }

  send(frame: RawFrame | string | Uint8Array<ArrayBuffer>): void {
    const isRaw = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(isRaw ? frame : JSON.stringify(frame));
  }

  /** Send a frame and read the next one. */
  async ask(frame: RawFrame | string): Promise<RawFrame> {
    this.send(frame);
    const ended = this.closed.then((code) => Promise.reject(new Error(`closed with ${code}`)));
    return await Promise.race([this.frames.next(), ended]);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
