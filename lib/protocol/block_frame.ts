/**
 * A piece of a file on the blocks channel: `[u32 transfer][payload]`, the number big-endian.
 *
 * @module
 */

/** Bytes before the payload of a frame. */
const FRAME_HEADER_BYTES = 4;
/** Largest frame in bytes: what fits into one message of a data channel. */
export const MAX_FRAME_BYTES = 65_536;
/** Largest payload of a frame, in bytes. */
export const MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - FRAME_HEADER_BYTES;

/** A piece of a file on the blocks channel. */
export interface BlockFrame {
  /** Which upload or download it belongs to: each direction has its own numbers. */
  transfer: number;
  /** The next bytes of the file. */
  payload: Uint8Array;
}

/**
 * One frame as a message, in a buffer of its own.
 *
 * @throws {RangeError} when the payload is empty or larger than {@linkcode MAX_PAYLOAD_BYTES}
 */
export function encodeBlockFrame(frame: BlockFrame): Uint8Array<ArrayBuffer> {
  const { length } = frame.payload;
  if (length === 0 || length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`Cannot put ${length} bytes into one frame`);
  }
  const message = new Uint8Array(FRAME_HEADER_BYTES + length);
  new DataView(message.buffer).setUint32(0, frame.transfer);
  message.set(frame.payload, FRAME_HEADER_BYTES);
  return message;
}

/**
 * Read one frame; its payload is a view into the message.
 *
 * @returns the frame, or null for any other message
 */
export function decodeBlockFrame(message: string | Uint8Array): BlockFrame | null {
  if (typeof message === "string") return null;
  if (message.length <= FRAME_HEADER_BYTES || message.length > MAX_FRAME_BYTES) return null;
  const view = new DataView(message.buffer, message.byteOffset, FRAME_HEADER_BYTES);
  return { transfer: view.getUint32(0), payload: message.subarray(FRAME_HEADER_BYTES) };
}
