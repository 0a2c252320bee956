/**
 * Zip files for tests, honest ones and forged ones.
 *
 * @module
 */
import { crc32, deflateRawSync } from "node:zlib";

/** An entry; every field but name and data may lie. */
export interface ZipBuilderEntry {
  name: string;
  data: string | Uint8Array;
  /** 0 stored, 8 deflated. @default {8} */
  method?: number;
  /** Declared size instead of the true one. */
  size?: number;
  /** Declared CRC-32 instead of the true one. */
  crc?: number;
  /** Unix mode, e.g. `0o120777` for a symbolic link. */
  mode?: number;
  /** General purpose flags; 0x0800 says that the name is UTF-8. @default {0x0800} */
  flags?: number;
  /** Sizes and offset in Zip64 fields. */
  zip64?: boolean;
}

/** Options of {@linkcode buildZip}. */
export interface BuildZipOptions {
  /** Comment at the end of the file. */
  comment?: string;
  /** End records in Zip64 form. */
  zip64?: boolean;
}

/** The bytes of a zip file. */
export function buildZip(
  entries: readonly ZipBuilderEntry[],
  options: BuildZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = packEntry(entry, offset);
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const table = concat(directory);
  return concat([...parts, table, endOf(entries.length, table.length, offset, options)]);
}

function packEntry(
  entry: ZipBuilderEntry,
  offset: number,
): { local: Uint8Array; central: Uint8Array } {
  const name = new TextEncoder().encode(entry.name);
  const data = typeof entry.data === "string" ? new TextEncoder().encode(entry.data) : entry.data;
  const method = entry.method ?? 8;
  const packed = method === 8 ? new Uint8Array(deflateRawSync(data)) : data;
  const size = entry.size ?? data.length;
  const extra = entry.zip64 ? zip64Extra(size, packed.length, offset) : new Uint8Array();
  const shared = [
    u16(20, entry.flags ?? 0x0800, method, 0, 0x21),
    u32(entry.crc ?? crc32(data)),
    entry.zip64 ? u32(0xffffffff, 0xffffffff) : u32(packed.length, size),
  ];
  return {
    local: concat([u32(0x04034b50), ...shared, u16(name.length, 0), name, packed]),
    central: concat([
      u32(0x02014b50),
      u16(0x0314),
      ...shared,
      u16(name.length, extra.length, 0, 0, 0),
      u32((entry.mode ?? 0o100644) * 0x10000, entry.zip64 ? 0xffffffff : offset),
      name,
      extra,
    ]),
  };
}

function zip64Extra(size: number, packed: number, offset: number): Uint8Array {
  return concat([u16(0x0001, 24), u64(size, packed, offset)]);
}

function endOf(
  count: number,
  bytes: number,
  offset: number,
  { comment = "", zip64 = false }: BuildZipOptions,
): Uint8Array {
  const text = new TextEncoder().encode(comment);
  const end = zip64
    ? [u32(0x06054b50), u16(0, 0, 0xffff, 0xffff), u32(0xffffffff, 0xffffffff)]
    : [u32(0x06054b50), u16(0, 0, count, count), u32(bytes, offset)];
  const record = zip64
    ? [
      ...[u32(0x06064b50), u64(44), u16(45, 45), u32(0, 0), u64(count, count, bytes, offset)],
      ...[u32(0x07064b50, 0), u64(offset + bytes), u32(1)],
    ]
    : [];
  return concat([...record, ...end, u16(text.length), text]);
}

function u16(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint16Array(values).buffer);
}

function u32(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

function u64(...values: number[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
