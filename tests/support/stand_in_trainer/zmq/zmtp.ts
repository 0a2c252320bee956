/**
 * The connecting side of ZMTP 3.0 (NULL mechanism), as far as PUB and SUB need it: the trainer
 * connects both its sockets, whoever watches it binds. https://rfc.zeromq.org/spec/23/
 *
 * @module
 */

const RECONNECT_MS = 100;
/** As libzmq: a publisher drops messages beyond this queue. */
const HIGH_WATER_MARK = 1000;
const LONG = 0x02;
const COMMAND = 0x04;
const GREETING_BYTES = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Frame {
  command: boolean;
  body: Uint8Array;
}

/** A PUB or SUB socket that connects to a port of this machine, again and again until closed. */
export class ZmtpSocket {
  /** Messages received by a SUB socket, oldest first. */
  readonly received: string[] = [];
  readonly #type: "PUB" | "SUB";
  readonly #port: number;
  #connection: Deno.TcpConn | null = null;
  #subscriptions = new Set<string>();
  #settled = false;
  #closed = false;
  #queued = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(type: "PUB" | "SUB", port: number) {
    this.#type = type;
    this.#port = port;
    void this.#run();
  }

  /** The first attempt to connect is over: messages reach a peer, or there is none. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Publish a message to whoever subscribed to its beginning. */
  send(text: string): void {
    const wanted = [...this.#subscriptions].some((prefix) => text.startsWith(prefix));
    if (wanted && this.#queued < HIGH_WATER_MARK) this.#write(frame(0, encoder.encode(text)));
  }

  /** Send what is queued and close. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    this.#hangUp();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
        await this.#talk(connection);
      } catch {
        this.#hangUp();
      }
      this.#settled = true;
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  #hangUp(): void {
    this.#connection?.close();
    this.#connection = null;
    this.#subscriptions.clear();
  }

  async #talk(connection: Deno.TcpConn): Promise<void> {
    connection.setNoDelay(true);
    this.#connection = connection;
    this.#write(greeting());
    this.#write(ready(this.#type));
    const reader = new Reader(connection);
    await reader.take(GREETING_BYTES);
    while (true) {
      const { command, body } = await reader.frame();
      if (command) this.#handleCommand(body);
      else if (this.#type === "SUB") this.received.push(decoder.decode(body));
      else this.#handleSubscription(body);
    }
  }

  #handleCommand(body: Uint8Array): void {
    if (this.#type === "PUB" || decoder.decode(body.subarray(1, 6)) !== "READY") return;
    this.#write(frame(0, Uint8Array.of(1)));
    this.#settled = true;
  }

  #handleSubscription(body: Uint8Array): void {
    const prefix = decoder.decode(body.subarray(1));
    if (body[0] === 1) this.#subscriptions.add(prefix);
    if (body[0] === 0) this.#subscriptions.delete(prefix);
    this.#settled = true;
  }

  #write(bytes: Uint8Array): void {
    const connection = this.#connection;
    this.#queued++;
    this.#writing = this.#writing
      .then(() => writeAll(connection, bytes))
      .catch(() => undefined)
      .finally(() => this.#queued--);
  }
}

/** Takes bytes and frames from a connection. */
class Reader {
  readonly #connection: Deno.TcpConn;
  #buffer = new Uint8Array();

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#buffer.length < count) {
      const chunk = new Uint8Array(4096);
      const length = await this.#connection.read(chunk);
      if (length === null) throw new Error("Connection closed by the peer");
      const grown = new Uint8Array(this.#buffer.length + length);
      grown.set(this.#buffer);
      grown.set(chunk.subarray(0, length), this.#buffer.length);
      this.#buffer = grown;
    }
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }

  async frame(): Promise<Frame> {
    const [flags = 0] = await this.take(1);
    const size = await this.take((flags & LONG) === 0 ? 1 : 8);
    const view = new DataView(size.buffer);
    const length = size.length === 1 ? view.getUint8(0) : Number(view.getBigUint64(0));
    return { command: (flags & COMMAND) !== 0, body: await this.take(length) };
  }
}

function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  bytes.set(encoder.encode("NULL"), 12);
  return bytes;
}

function ready(type: string): Uint8Array {
  const name = encoder.encode("Socket-Type");
  const body = [5, ...encoder.encode("READY"), name.length, ...name, 0, 0, 0, type.length];
  return frame(COMMAND, Uint8Array.from([...body, ...encoder.encode(type)]));
}

function frame(flags: number, body: Uint8Array): Uint8Array {
  const long = body.length > 0xff;
  const header = new Uint8Array(long ? 9 : 2);
  const view = new DataView(header.buffer);
  view.setUint8(0, long ? flags | LONG : flags);
  if (long) view.setBigUint64(1, BigInt(body.length));
  else view.setUint8(1, body.length);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

async function writeAll(connection: Deno.TcpConn | null, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (connection !== null && rest.length > 0) {
    rest = rest.subarray(await connection.write(rest));
  }
}
