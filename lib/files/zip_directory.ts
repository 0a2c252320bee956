/**
 * The table of contents of a zip file (PKWARE APPNOTE 6.3.10, Zip64 included).
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { checkEntryName } from "./entry_name.ts";

/** One file or folder in a zip file, as its table of contents describes it. */
export interface ZipEntry {
  /** Relative path with `/`; ends in `/` for a folder. */
  name: string;
  /** Bytes once unpacked, as declared. */
  size: number;
  /** Bytes in the zip file. */
  compressedSize: number;
  /** CRC-32 of the unpacked bytes, as declared. */
  crc32: number;
  /** 0: stored, 8: deflated. */
  method: number;
  /** Where the entry's local header begins. */
  offset: number;
}

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_END_BYTES = 56;
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const ZIP64_EXTRA_ID = 0x0001;
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
const ENCRYPTED_FLAG = 0x0001;
const UTF8_FLAG = 0x0800;

const MAX_ENTRIES = 100_000;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

interface DirectoryPlace {
  entries: number;
  offset: number;
  bytes: number;
}

/**
 * Read the table of contents, refusing names and entries that would be unsafe to unpack: names
 * that lead out of a folder, names twice, links, devices, encrypted entries.
 *
 * @param file the open zip file
 * @param source its path for messages
 * @throws {UsageError} when it is not a zip file, is damaged, or holds an unsafe entry
 */
export async function readZipDirectory(file: Deno.FsFile, source: string): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const place = await findDirectory(file, size, source);
  if (place.entries > MAX_ENTRIES || place.bytes > MAX_DIRECTORY_BYTES) {
    throw refused(source, `it holds more than ${MAX_ENTRIES} entries`);
  }
  if (place.offset + place.bytes > size) throw damaged(source);
  const table = viewOf(await readAt(file, place.offset, place.bytes, source));
  return parseEntries(table, place.entries, source);
}

/** Exactly `length` bytes from `offset` on. */
export async function readAt(
  file: Deno.FsFile,
  offset: number,
  length: number,
  source: string,
): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) throw damaged(source);
    filled += count;
  }
  return bytes;
}

/** The error for a zip file that is cut off or altered. */
export function damaged(source: string, cause?: unknown): UsageError {
  return new UsageError(`"${source}" is damaged`, {
    hint: "Copy or export it again; it may have been cut off on the way.",
    cause,
  });
}

/** The error for a zip file that is refused for `reason`. */
export function refused(source: string, reason: string): UsageError {
  return new UsageError(`"${source}" is refused: ${reason}`);
}

async function findDirectory(
  file: Deno.FsFile,
  size: number,
  source: string,
): Promise<DirectoryPlace> {
  const tailBytes = Math.min(size, END_BYTES + MAX_COMMENT_BYTES);
  const tail = viewOf(await readAt(file, size - tailBytes, tailBytes, source));
  const end = findEnd(tail);
  if (end === null) throw new UsageError(`"${source}" is not a zip file`);
  const place = {
    entries: tail.getUint16(end + 10, true),
    bytes: tail.getUint32(end + 12, true),
    offset: tail.getUint32(end + 16, true),
  };
  const needsZip64 = place.entries === MAX_16 || place.bytes === MAX_32 || place.offset === MAX_32;
  return needsZip64 ? await findZip64Directory(file, size - tailBytes + end, source) : place;
}

/** The end record is the last thing in the file but for its own comment. */
function findEnd(tail: DataView): number | null {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return null;
}

async function findZip64Directory(
  file: Deno.FsFile,
  end: number,
  source: string,
): Promise<DirectoryPlace> {
  if (end < ZIP64_LOCATOR_BYTES) throw damaged(source);
  const locator = viewOf(
    await readAt(file, end - ZIP64_LOCATOR_BYTES, ZIP64_LOCATOR_BYTES, source),
  );
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR_SIGNATURE) throw damaged(source);
  const at = safeUint64(locator, 8, source);
  if (at + ZIP64_END_BYTES > end) throw damaged(source);
  const record = viewOf(await readAt(file, at, ZIP64_END_BYTES, source));
  if (record.getUint32(0, true) !== ZIP64_END_SIGNATURE) throw damaged(source);
  return {
    entries: safeUint64(record, 32, source),
    bytes: safeUint64(record, 40, source),
    offset: safeUint64(record, 48, source),
  };
}

function parseEntries(table: DataView, count: number, source: string): ZipEntry[] {
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > table.byteLength) throw damaged(source);
    if (table.getUint32(at, true) !== ENTRY_SIGNATURE) throw damaged(source);
    const end = at + ENTRY_BYTES + table.getUint16(at + 28, true) +
      table.getUint16(at + 30, true) + table.getUint16(at + 32, true);
    if (end > table.byteLength) throw damaged(source);
    const entry = parseEntry(table, at, source);
    if (entries.has(entry.name)) throw refused(source, `"${entry.name}" is in it twice`);
    entries.set(entry.name, entry);
    at = end;
  }
  return [...entries.values()];
}

function parseEntry(table: DataView, at: number, source: string): ZipEntry {
  const flags = table.getUint16(at + 8, true);
  const nameBytes = bytesOf(table, at + ENTRY_BYTES, table.getUint16(at + 28, true));
  const name = decodeName(nameBytes, flags);
  const problem = checkEntryName(name);
  if (problem !== null) throw refused(source, `it holds an entry with ${problem}`);
  if ((flags & ENCRYPTED_FLAG) !== 0) throw refused(source, `"${name}" is encrypted`);
  if (!isOrdinary(table.getUint32(at + 38, true) >>> 16)) {
    throw refused(source, `"${name}" is a link or a device`);
  }
  return {
    name,
    method: table.getUint16(at + 10, true),
    crc32: table.getUint32(at + 16, true),
    ...sizesOf(table, at, source),
  };
}

function sizesOf(
  table: DataView,
  at: number,
  source: string,
): Pick<ZipEntry, "size" | "compressedSize" | "offset"> {
  const extra = zip64Extra(table, at);
  let next = 0;
  const read = (position: number): number => {
    const value = table.getUint32(position, true);
    if (value !== MAX_32) return value;
    if (extra === null || next + 8 > extra.byteLength) throw damaged(source);
    next += 8;
    return safeUint64(extra, next - 8, source);
  };
  const size = read(at + 24);
  const compressedSize = read(at + 20);
  return { size, compressedSize, offset: read(at + 42) };
}

function zip64Extra(table: DataView, at: number): DataView | null {
  const start = at + ENTRY_BYTES + table.getUint16(at + 28, true);
  const end = start + table.getUint16(at + 30, true);
  for (let field = start; field + 4 <= end;) {
    const length = table.getUint16(field + 2, true);
    if (field + 4 + length > end) return null;
    if (table.getUint16(field, true) === ZIP64_EXTRA_ID) {
      return new DataView(table.buffer, table.byteOffset + field + 4, length);
    }
    field += 4 + length;
  }
  return null;
}

/** Files and folders; 0 where the writing system has no Unix modes. */
function isOrdinary(mode: number): boolean {
  return [0, 0o100000, 0o040000].includes(mode & 0o170000);
}

/** UTF-8, also where the flag is missing but the bytes are; else one byte a character. */
function decodeName(bytes: Uint8Array, flags: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder((flags & UTF8_FLAG) === 0 ? "latin1" : "utf-8").decode(bytes);
  }
}

function safeUint64(view: DataView, at: number, source: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(source);
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
