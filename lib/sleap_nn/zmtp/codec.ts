/**
 * The bytes of ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23/).
 *
 * @module
 */

/** The peer did not speak ZMTP 3, or ended in the middle of a frame. */
export class ZmtpError extends Error {
  override readonly name = "ZmtpError";
}

/** Flags of a frame. */
const MORE = 0x01;
const LONG = 0x02;
const COMMAND = 0x04;

const GREETING_BYTES = 64;
const SIGNATURE_BYTES = 10;
const MECHANISM = { from: 12, to: 32, name: "NULL" };
const READ_BUFFER_BYTES = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One frame as it came over the wire. */
export interface Frame {
  /** A command of the protocol, not a message. */
  command: boolean;
  /** More frames of the same message follow. */
  more: boolean;
  body: Uint8Array<ArrayBuffer>;
}

/** A command frame taken apart. */
export interface Command {
  /** Upper case: `READY`, `PING`, `SUBSCRIBE`, … */
  name: string;
  data: Uint8Array<ArrayBuffer>;
}

/** Something bytes can be read from, e.g. a `Deno.Conn`. */
export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Reads exact numbers of bytes, however the packets were cut. */
export class ByteReader {
  readonly #source: ByteSource;
  readonly #buffer = new Uint8Array(READ_BUFFER_BYTES);
  #start = 0;
  #end = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The next `length` bytes, as a copy.
   *
   * @throws {ZmtpError} when the stream ends before
   */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#start === this.#end) await this.#fill();
      const available = Math.min(length - filled, this.#end - this.#start);
      bytes.set(this.#buffer.subarray(this.#start, this.#start + available), filled);
      this.#start += available;
      filled += available;
    }
    return bytes;
  }

  async #fill(): Promise<void> {
    const count = await this.#source.read(this.#buffer);
    if (count === null) throw new ZmtpError("The peer closed the connection");
    this.#start = 0;
    this.#end = count;
  }
}

/** The 64 bytes both sides begin with: version 3.0, mechanism NULL, not a server. */
export function encodeGreeting(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.set(encoder.encode(MECHANISM.name), MECHANISM.from);
  return bytes;
}

/**
 * Read the peer's greeting.
 *
 * @throws {ZmtpError} for another protocol, a version before 3 or another mechanism; a peer of
 * another protocol is recognised by its first 10 bytes, it may never send 64
 */
export async function readGreeting(reader: ByteReader): Promise<void> {
  const signature = await reader.take(SIGNATURE_BYTES);
  if (signature[0] !== 0xff || ((signature[9] ?? 0) & 0x01) !== 1) {
    throw new ZmtpError("The peer does not speak ZMTP");
  }
  const version = (await reader.take(1))[0] ?? 0;
  if (version < 3) throw new ZmtpError(`The peer speaks ZMTP ${version}, not 3`);
  const rest = await reader.take(GREETING_BYTES - SIGNATURE_BYTES - 1);
  const offset = SIGNATURE_BYTES + 1;
  const mechanism = decoder.decode(rest.subarray(MECHANISM.from - offset, MECHANISM.to - offset))
    .replace(/\0+$/, "");
  if (mechanism !== MECHANISM.name) {
    throw new ZmtpError(`The peer wants the mechanism "${mechanism.slice(0, 20)}"`);
  }
}

/**
 * Read one frame.
 *
 * @param maxBytes the largest body that is accepted
 * @throws {ZmtpError} for reserved flags, a larger body, or the end of the stream
 */
export async function readFrame(reader: ByteReader, maxBytes: number): Promise<Frame> {
  const flags = (await reader.take(1))[0] ?? 0;
  if ((flags & ~(MORE | LONG | COMMAND)) !== 0) {
    throw new ZmtpError(`The peer sent the frame flags 0x${flags.toString(16)}`);
  }
  const header = await reader.take(flags & LONG ? 8 : 1);
  const view = new DataView(header.buffer);
  const length = flags & LONG ? view.getBigUint64(0) : BigInt(view.getUint8(0));
  if (length > BigInt(maxBytes)) {
    throw new ZmtpError(`The peer announced a frame of ${length} bytes; the limit is ${maxBytes}`);
  }
  const body = await reader.take(Number(length));
  return { command: (flags & COMMAND) !== 0, more: (flags & MORE) !== 0, body };
}

/** One frame, the last of its message. */
export function encodeFrame(
  body: Uint8Array,
  options: { command?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const long = body.length > 255;
  const bytes = new Uint8Array((long ? 9 : 2) + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (long ? LONG : 0) | (options.command ? COMMAND : 0));
  if (long) view.setBigUint64(1, BigInt(body.length));
  else view.setUint8(1, body.length);
  bytes.set(body, bytes.length - body.length);
  return bytes;
}

/** A command frame. */
export function encodeCommand(
  name: string,
  data: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(1 + name.length + data.length);
  body[0] = name.length;
  body.set(encoder.encode(name), 1);
  body.set(data, 1 + name.length);
  return encodeFrame(body, { command: true });
}

/**
 * Take the body of a command frame apart.
 *
 * @throws {ZmtpError} when the name is longer than the body
 */
export function decodeCommand(body: Uint8Array<ArrayBuffer>): Command {
  const length = body[0] ?? 0;
  if (length === 0 || body.length < 1 + length) throw new ZmtpError("The peer sent a torn command");
  return {
    name: decoder.decode(body.subarray(1, 1 + length)).toUpperCase(),
    data: body.subarray(1 + length),
  };
}

/** The READY command that ends the handshake, with our socket type. */
export function encodeReady(socketType: string): Uint8Array<ArrayBuffer> {
  const property = "Socket-Type";
  const data = new Uint8Array(1 + property.length + 4 + socketType.length);
  data[0] = property.length;
  data.set(encoder.encode(property), 1);
  new DataView(data.buffer).setUint32(1 + property.length, socketType.length);
  data.set(encoder.encode(socketType), 1 + property.length + 4);
  return encodeCommand("READY", data);
}

/**
 * The socket type a READY command announces.
 *
 * @returns upper case, or null where it names none
 * @throws {ZmtpError} when the properties are cut off
 */
export function socketTypeOf(ready: Uint8Array<ArrayBuffer>): string | null {
  const view = new DataView(ready.buffer, ready.byteOffset, ready.byteLength);
  let at = 0;
  while (at < ready.length) {
    const nameEnd = at + 1 + view.getUint8(at);
    if (nameEnd + 4 > ready.length) throw new ZmtpError("The peer sent a torn READY");
    const valueEnd = nameEnd + 4 + view.getUint32(nameEnd);
    if (valueEnd > ready.length) throw new ZmtpError("The peer sent a torn READY");
    if (decoder.decode(ready.subarray(at + 1, nameEnd)).toLowerCase() === "socket-type") {
      return decoder.decode(ready.subarray(nameEnd + 4, valueEnd)).toUpperCase();
    }
    at = valueEnd;
  }
  return null;
}
