/**
 * One connected ZMTP peer: handshake, incoming messages, and an outbox that never blocks.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  ByteReader,
  type ByteSource,
  type Command,
  decodeCommand,
  encodeCommand,
  encodeGreeting,
  encodeReady,
  type Frame,
  readFrame,
  readGreeting,
  socketTypeOf,
  ZmtpError,
} from "./codec.ts";

/** Frames that may wait for a peer that does not read; more are dropped, as PUB sockets do. */
const OUTBOX_FRAMES = 100;
const HANDSHAKE_MS = 5_000;

/** What kind of socket we are and whom we talk to. */
export interface ConnectionOptions {
  /** Our socket type. */
  socketType: "PUB" | "SUB";
  /** The socket types that may connect. */
  peerTypes: readonly string[];
  /** The largest frame that is accepted, in bytes. */
  maxFrameBytes: number;
  /**
   * How long the peer may take for its greeting, in milliseconds.
   * @default {5000}
   */
  handshakeMs?: number;
  /**
   * How long to let messages gather, in milliseconds: each read wakes the whole process.
   * @default {0}
   */
  gatherMs?: number;
}

/** What a peer sends: a message, or a command that the connection does not answer itself. */
export type Incoming =
  | { kind: "message"; parts: number; body: Uint8Array<ArrayBuffer> }
  | { kind: "command" } & Command;

/** One connected ZMTP peer. */
export class Connection {
  readonly #conn: Deno.TcpConn;
  readonly #source: GatheringSource;
  readonly #options: ConnectionOptions;
  readonly #reader: ByteReader;
  readonly #outbox: Uint8Array[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  constructor(conn: Deno.TcpConn, options: ConnectionOptions) {
    conn.setNoDelay(true);
    this.#conn = conn;
    this.#options = options;
    this.#source = new GatheringSource(conn);
    this.#reader = new ByteReader(this.#source);
  }

  /**
   * Exchange greetings and READY commands.
   *
   * @throws {ZmtpError} when the peer is none of the expected socket types, or too slow
   */
  async handshake(): Promise<void> {
    const timer = setTimeout(() => this.close(), this.#options.handshakeMs ?? HANDSHAKE_MS);
    try {
      this.send(encodeGreeting());
      await readGreeting(this.#reader);
      this.send(encodeReady(this.#options.socketType));
      const frame = await readFrame(this.#reader, this.#options.maxFrameBytes);
      this.#checkReady(frame);
      this.#source.gatherMs = this.#options.gatherMs ?? 0;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The next message or command; PING is answered on the way.
   *
   * @throws {ZmtpError} when the peer breaks the protocol or is gone
   */
  async receive(): Promise<Incoming> {
    let parts = 0;
    while (true) {
      const frame = await readFrame(this.#reader, this.#options.maxFrameBytes);
      if (frame.command) {
        const command = decodeCommand(frame.body);
        if (command.name === "PING") this.#pong(command);
        else return { kind: "command", ...command };
      } else {
        parts++;
        if (!frame.more) return { kind: "message", parts, body: frame.body };
      }
    }
  }

  /** Queue one encoded frame; returns false where the peer is gone or does not keep up. */
  send(frame: Uint8Array): boolean {
    if (this.#closed || this.#outbox.length >= OUTBOX_FRAMES) return false;
    this.#outbox.push(frame);
    this.#draining ??= this.#drain();
    return true;
  }

  /** Close the connection; what was not sent yet is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.length = 0;
    this.#source.close();
    this.#conn.close();
  }

  /** Resolves when nothing of this connection runs any more. */
  async closed(): Promise<void> {
    this.close();
    await this.#draining;
  }

  #checkReady(frame: Frame): void {
    if (!frame.command) throw new ZmtpError("The peer sent a message before READY");
    const command = decodeCommand(frame.body);
    if (command.name !== "READY") throw new ZmtpError(`The peer sent ${command.name}, not READY`);
    const type = socketTypeOf(command.data);
    if (type === null || !this.#options.peerTypes.includes(type)) {
      throw new ZmtpError(`The peer is a ${type ?? "nameless"} socket`);
    }
  }

  /** A PING carries a time to live (2 bytes) and a context, which the PONG repeats. */
  #pong(ping: Command): void {
    this.send(encodeCommand("PONG", ping.data.subarray(2, 2 + 16)));
  }

  async #drain(): Promise<void> {
    try {
      while (this.#outbox.length > 0) {
        const frame = this.#outbox.shift();
        if (frame !== undefined) await this.#write(frame);
      }
    } catch {
      this.close();
    } finally {
      this.#draining = null;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await this.#conn.write(bytes.subarray(written));
    }
  }
}

/** Waits between reads, unless there is more to read than one takes. */
class GatheringSource implements ByteSource {
  gatherMs = 0;
  readonly #conn: Deno.TcpConn;
  readonly #closing = new AbortController();
  #isEmptied = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.gatherMs > 0 && this.#isEmptied) {
      const { signal } = this.#closing;
      await delay(this.gatherMs, undefined, { signal }).catch(() => {});
    }
    const count = await this.#conn.read(buffer);
    this.#isEmptied = count !== buffer.length;
    return count;
  }

  /** Wait no longer. */
  close(): void {
    this.#closing.abort();
  }
}
