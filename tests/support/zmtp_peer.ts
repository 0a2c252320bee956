/**
 * A ZMTP peer that connects, as sleap-nn's sockets do, and that may misbehave.
 *
 * @module
 */
import {
  ByteReader,
  decodeCommand,
  encodeFrame,
  encodeGreeting,
  encodeReady,
  type Frame,
  readFrame,
  readGreeting,
} from "../../lib/sleap_nn/zmtp/codec.ts";

/** One connection to a bound socket. */
export class ZmtpPeer implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #reader: ByteReader;

  private constructor(conn: Deno.TcpConn) {
    conn.setNoDelay(true);
    this.#conn = conn;
    this.#reader = new ByteReader(conn);
  }

  /** Connect to a port on 127.0.0.1, without a word. */
  static async connect(port: number): Promise<ZmtpPeer> {
    return new ZmtpPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Connect and do the handshake as `socketType`. */
  static async join(port: number, socketType: string): Promise<ZmtpPeer> {
    const peer = await ZmtpPeer.connect(port);
    await peer.write(encodeGreeting());
    await peer.write(encodeReady(socketType));
    await readGreeting(peer.#reader);
    const ready = await peer.read();
    if (decodeCommand(ready.body).name !== "READY") throw new Error("No READY came");
    return peer;
  }

  /** Write raw bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) written += await this.#conn.write(bytes.subarray(written));
  }

  /** Send one single-frame message. */
  send(text: string): Promise<void> {
    return this.write(encodeFrame(new TextEncoder().encode(text)));
  }

  /** The next frame. */
  read(): Promise<Frame> {
    return readFrame(this.#reader, 16 * 1024 * 1024);
  }

  /** The next frame, as text. */
  async readText(): Promise<string> {
    return new TextDecoder().decode((await this.read()).body);
  }

  /** Resolves when the other side has closed the connection. */
  async dropped(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      while (await this.#conn.read(buffer) !== null);
    } catch {
      // A reset is an end, too.
    }
  }

  /** Close the connection. */
  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // Closed by the test already.
    }
  }
}
