/**
 * Reading single entries of a zip file in bounded memory, never more of them than they declare.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { NotFoundError, UsageError } from "../errors.ts";
import { damaged, readAt, readZipDirectory, refused, type ZipEntry } from "./zip_directory.ts";

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
/** Small reads, since deflate can make a thousand times as much of one. */
const READ_BYTES = 32 * 1024;

/** Labels and configurations compress less; below this size it does not matter. */
const MAX_RATIO = 200;
const HARMLESS_BYTES = 64 * 1024 * 1024;

/** A zip file whose table of contents has been read and checked. */
export class ZipReader {
  /** Its path. */
  readonly path: string;
  /** Files and folders, in the order of the table of contents. */
  readonly entries: readonly ZipEntry[];

  private constructor(path: string, entries: readonly ZipEntry[]) {
    this.path = path;
    this.entries = entries;
  }

  /**
   * Read and check the table of contents.
   *
   * Requires `--allow-read`.
   *
   * @throws {NotFoundError} when there is no such file
   * @throws {UsageError} when it is not a zip file, is damaged, or holds an unsafe entry
   */
  static async open(path: string): Promise<ZipReader> {
    using file = await openFile(path);
    return new ZipReader(path, await readZipDirectory(file, path));
  }

  /**
   * All bytes of a small entry.
   *
   * @throws {UsageError} when it is larger than `maxBytes`, damaged, or packed in an unknown way
   */
  async read(entry: ZipEntry, maxBytes: number): Promise<Uint8Array> {
    if (entry.size > maxBytes) {
      throw refused(this.path, `"${entry.name}" is too large: ${entry.size} bytes`);
    }
    const bytes = new Uint8Array(entry.size);
    let filled = 0;
    for await (const chunk of this.stream(entry)) {
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
    return bytes;
  }

  /**
   * Check the size that an entry declares against its packed size.
   *
   * @throws {UsageError} when it would unpack to far more than any real file
   */
  checkSize(entry: ZipEntry): void {
    if (entry.size > HARMLESS_BYTES && entry.size > entry.compressedSize * MAX_RATIO) {
      throw refused(this.path, `"${entry.name}" would unpack to ${entry.size} bytes`);
    }
  }

  /**
   * The bytes of an entry, piece by piece; the last piece comes after size and CRC-32 are right.
   *
   * @throws {UsageError} when it is damaged, packed in an unknown way, or larger than declared
   */
  async *stream(entry: ZipEntry): AsyncGenerator<Uint8Array> {
    this.checkSize(entry);
    using file = await openFile(this.path);
    const packed = readPacked(file, await this.#dataOffset(file, entry), entry.compressedSize);
    let size = 0;
    let sum = 0;
    for await (const chunk of this.#unpack(entry, packed)) {
      size += chunk.length;
      if (size > entry.size) throw refused(this.path, `"${entry.name}" is larger than it declares`);
      sum = crc32(chunk, sum);
      if (size === entry.size && sum !== entry.crc32) throw damaged(this.path);
      yield chunk;
    }
    if (size !== entry.size || sum !== entry.crc32) throw damaged(this.path);
  }

  /** The local header repeats the name and has extra fields of its own length. */
  async #dataOffset(file: Deno.FsFile, entry: ZipEntry): Promise<number> {
    const bytes = await readAt(file, entry.offset, LOCAL_BYTES, this.path);
    const header = new DataView(bytes.buffer);
    if (header.getUint32(0, true) !== LOCAL_SIGNATURE) throw damaged(this.path);
    return entry.offset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  }

  async *#unpack(
    entry: ZipEntry,
    packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): AsyncGenerator<Uint8Array> {
    if (entry.method === STORED) return yield* packed;
    if (entry.method !== DEFLATED) {
      throw refused(this.path, `"${entry.name}" is packed by method ${entry.method}`);
    }
    try {
      yield* ReadableStream.from(packed).pipeThrough(new DecompressionStream("deflate-raw"));
    } catch (cause) {
      if (cause instanceof TypeError) throw damaged(this.path, cause);
      throw cause;
    }
  }
}

async function* readPacked(
  file: Deno.FsFile,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  await file.seek(offset, Deno.SeekMode.Start);
  for (let left = length; left > 0;) {
    const bytes = new Uint8Array(Math.min(READ_BYTES, left));
    const count = await file.read(bytes);
    if (count === null) return;
    left -= count;
    yield bytes.subarray(0, count);
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    if ((await Deno.stat(path)).isDirectory) {
      throw new UsageError(`"${path}" is a folder, not a zip file`);
    }
    return await Deno.open(path, { read: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      throw new NotFoundError(`File "${path}" not found`, { cause });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new UsageError(`Cannot read "${path}": permission denied`, { cause });
    }
    throw cause;
  }
}
