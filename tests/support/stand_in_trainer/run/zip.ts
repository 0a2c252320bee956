/**
 * Zip archives laid out as PyTorch writes them: members stored, their data aligned to 64 bytes,
 * sizes only in the data descriptor and the central directory.
 *
 * @module
 */

/** One member of an archive. */
export interface ZipMember {
  name: string;
  data: Uint8Array;
}

const ALIGNMENT = 64;
/** Bit 3: sizes follow the data. Bit 11: names are UTF-8. */
const FLAGS = 0x0808;
const CRC_TABLE = crcTable();

/** Build an archive. */
export function zipArchive(members: readonly ZipMember[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const member of members) {
    const name = new TextEncoder().encode(member.name);
    const header = localHeader(name, offset);
    const sums = sumsOf(member.data);
    const descriptor = [...u32(0x08074b50), ...sums];
    directory.push(directoryEntry(name, sums, offset));
    const chunks = [header, member.data, Uint8Array.from(descriptor)];
    parts.push(...chunks);
    offset += byteLength(chunks);
  }
  return concat([...parts, ...directory, endRecord(directory, offset)]);
}

/** Join byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(byteLength(parts));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function localHeader(name: Uint8Array, offset: number): Uint8Array {
  const start = offset + 30 + name.length + 4;
  const padding = (ALIGNMENT - start % ALIGNMENT) % ALIGNMENT;
  return Uint8Array.from([
    ...u32(0x04034b50),
    ...u16(0),
    ...u16(FLAGS),
    ...new Uint8Array(18),
    ...u16(name.length),
    ...u16(padding + 4),
    ...name,
    ...[0x46, 0x42],
    ...u16(padding),
    ...new Uint8Array(padding).fill(0x5a),
  ]);
}

function directoryEntry(name: Uint8Array, sums: number[], offset: number): Uint8Array {
  return Uint8Array.from([
    ...u32(0x02014b50),
    ...u16(0),
    ...u16(0),
    ...u16(FLAGS),
    ...new Uint8Array(6),
    ...sums,
    ...u16(name.length),
    ...new Uint8Array(12),
    ...u32(offset),
    ...name,
  ]);
}

function endRecord(directory: readonly Uint8Array[], offset: number): Uint8Array {
  return Uint8Array.from([
    ...u32(0x06054b50),
    ...u32(0),
    ...u16(directory.length),
    ...u16(directory.length),
    ...u32(byteLength(directory)),
    ...u32(offset),
    ...u16(0),
  ]);
}

/** CRC-32 and the two (equal) sizes. */
function sumsOf(data: Uint8Array): number[] {
  return [...u32(crc32(data)), ...u32(data.length), ...u32(data.length)];
}

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value;
  });
}

function byteLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function u16(value: number): number[] {
  return [value & 0xff, value >>> 8 & 0xff];
}

function u32(value: number): number[] {
  return [...u16(value), value >>> 16 & 0xff, value >>> 24];
}
