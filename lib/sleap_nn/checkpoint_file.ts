/**
 * What a Lightning checkpoint file says about itself, without PyTorch.
 *
 * A checkpoint is a zip whose first member is the pickled `data.pkl`, stored, with `epoch` and
 * `global_step` at its beginning. Checked on files of sleap-nn 0.0.1 to 0.3.5.
 *
 * @module
 */
import { messageOf } from "../errors.ts";

const HEAD_BYTES = 4096;
const LOCAL_HEADER_BYTES = 30;
/** Without a comment, which PyTorch never writes. */
const END_RECORD_BYTES = 22;
const LOCAL_HEADER = [0x50, 0x4b, 0x03, 0x04];
const END_RECORD = [0x50, 0x4b, 0x05, 0x06];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A checkpoint that is complete on disk. */
export interface ValidCheckpoint {
  ok: true;
  /** 0-based index of the epoch that was just finished. */
  epoch: number;
  /** Number of optimizer steps done. */
  globalStep: number;
  /** Size of the file. */
  bytes: number;
}

/** Why a file cannot be used as a checkpoint. */
export interface InvalidCheckpoint {
  ok: false;
  reason: "missing" | "truncated" | "not a checkpoint" | "unreadable";
  /** For people: `"PATH" is truncated: …`. */
  detail: string;
}

/** What {@linkcode readCheckpoint} found. */
export type CheckpointVerdict = ValidCheckpoint | InvalidCheckpoint;

/**
 * Look at a checkpoint: at its first 4 KiB and its last 22 bytes.
 *
 * Never throws: whatever is wrong with the file is the answer.
 *
 * @param path of a `.ckpt` file
 */
export async function readCheckpoint(path: string): Promise<CheckpointVerdict> {
  let ends: FileEnds;
  try {
    ends = await readEnds(path);
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? invalid("missing", `"${path}" does not exist`)
      : invalid("unreadable", `"${path}" cannot be read: ${messageOf(error)}`);
  }
  return judge(path, ends);
}

interface FileEnds {
  bytes: number;
  head: Uint8Array<ArrayBuffer>;
  tail: Uint8Array<ArrayBuffer>;
}

async function readEnds(path: string): Promise<FileEnds> {
  using file = await Deno.open(path);
  const { size, isDirectory } = await file.stat();
  if (isDirectory) throw new Deno.errors.IsADirectory("it is a folder");
  const head = await readAt(file, 0, Math.min(size, HEAD_BYTES));
  const tailBytes = Math.min(size, END_RECORD_BYTES);
  return { bytes: size, head, tail: await readAt(file, size - tailBytes, tailBytes) };
}

async function readAt(
  file: Deno.FsFile,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function judge(path: string, { bytes, head, tail }: FileEnds): CheckpointVerdict {
  if (bytes === 0) return invalid("truncated", `"${path}" is empty`);
  if (!startsWith(head, LOCAL_HEADER.slice(0, head.length))) {
    return invalid("not a checkpoint", `"${path}" is not a PyTorch zip file`);
  }
  if (tail.length < END_RECORD_BYTES || !startsWith(tail, END_RECORD)) {
    return invalid("truncated", `"${path}" is truncated: it ends after ${bytes} bytes`);
  }
  const pickle = firstMember(head);
  const epoch = pickle && readNumber(pickle, "epoch");
  const globalStep = pickle && readNumber(pickle, "global_step");
  if (epoch === null || globalStep === null) {
    return invalid("not a checkpoint", `"${path}" is a zip file, but not a Lightning checkpoint`);
  }
  return { ok: true, epoch, globalStep, bytes };
}

function invalid(reason: InvalidCheckpoint["reason"], detail: string): InvalidCheckpoint {
  return { ok: false, reason, detail };
}

/** The beginning of `data.pkl`; null where the first member is another file or compressed. */
function firstMember(head: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (head.length < LOCAL_HEADER_BYTES) return null;
  const view = viewOf(head);
  const method = view.getUint16(8, true);
  const nameLength = view.getUint16(26, true);
  const extraLength = view.getUint16(28, true);
  const name = decoder.decode(head.subarray(LOCAL_HEADER_BYTES, LOCAL_HEADER_BYTES + nameLength));
  const pickle = head.subarray(LOCAL_HEADER_BYTES + nameLength + extraLength);
  const protocol = pickle[0] === 0x80;
  return method === 0 && name.endsWith("/data.pkl") && protocol ? pickle : null;
}

/** The non-negative integer that follows a key in a pickled dictionary. */
function readNumber(pickle: Uint8Array<ArrayBuffer>, key: string): number | null {
  const pattern = new Uint8Array(5 + key.length);
  pattern[0] = 0x58; // BINUNICODE
  new DataView(pattern.buffer).setUint32(1, key.length, true);
  pattern.set(encoder.encode(key), 5);
  const found = indexOf(pickle, pattern);
  if (found < 0) return null;
  const afterKey = found + pattern.length;
  const value = readInteger(pickle, afterKey + memoBytes(pickle[afterKey]));
  return value !== null && value >= 0 ? value : null;
}

/** Length of the opcode that memoizes the key: BINPUT, LONG_BINPUT or MEMOIZE. */
function memoBytes(opcode: number | undefined): number {
  switch (opcode) {
    case 0x71:
      return 2;
    case 0x72:
      return 5;
    case 0x94:
      return 1;
    default:
      return 0;
  }
}

/** BININT1, BININT2, BININT or LONG1. */
function readInteger(pickle: Uint8Array<ArrayBuffer>, at: number): number | null {
  const view = viewOf(pickle);
  const left = pickle.length - at - 1;
  switch (pickle[at]) {
    case 0x4b:
      return left >= 1 ? view.getUint8(at + 1) : null;
    case 0x4d:
      return left >= 2 ? view.getUint16(at + 1, true) : null;
    case 0x4a:
      return left >= 4 ? view.getInt32(at + 1, true) : null;
    case 0x8a: {
      const length = pickle[at + 1] ?? 0;
      return left > length ? littleEndian(pickle.subarray(at + 2, at + 2 + length)) : null;
    }
    default:
      return null;
  }
}

/** A signed integer; null where it is no safe integer. */
function littleEndian(bytes: Uint8Array): number | null {
  let value = 0n;
  for (const [position, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * position);
  const signed = Number(BigInt.asIntN(8 * bytes.length, value));
  return Number.isSafeInteger(signed) ? signed : null;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, position) => bytes[position] === byte);
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  const last = bytes.length - pattern.length;
  for (let at = 0; at <= last; at++) {
    if (pattern.every((byte, position) => bytes[at + position] === byte)) return at;
  }
  return -1;
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
