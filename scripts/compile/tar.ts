/**
 * A POSIX ustar archive with the same bytes on every machine: no times, no owners.
 *
 * @module
 */

/** One file of an archive. */
export interface TarEntry {
  /** Path inside the archive, at most 100 bytes of ASCII. */
  path: string;
  /** Its content. */
  content: Uint8Array;
  /** May it be executed? */
  executable: boolean;
}

const BLOCK = 512;
const encoder = new TextEncoder();

/** The archive of `entries`, in order, ended by two empty blocks. */
export function tar(entries: TarEntry[]): Uint8Array<ArrayBuffer> {
  const size = entries.reduce((sum, { content }) => sum + BLOCK + padded(content.length), 0);
  const archive = new Uint8Array(size + 2 * BLOCK);
  let offset = 0;
  for (const entry of entries) {
    archive.set(header(entry), offset);
    archive.set(entry.content, offset + BLOCK);
    offset += BLOCK + padded(entry.content.length);
  }
  return archive;
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Fields at the offsets of POSIX.1-1988 ustar; numbers are octal digits ended by NUL. */
function header({ path, content, executable }: TarEntry): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, offset: number) => block.set(encoder.encode(text), offset);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(path, 0);
  put(octal(executable ? 0o755 : 0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(content.length, 11), 124);
  put(octal(0, 11), 136);
  put(" ".repeat(8), 148);
  put("0", 156);
  put("ustar\0" + "00", 257);
  put(octal(block.reduce((sum, byte) => sum + byte, 0), 6) + "\0 ", 148);
  return block;
}
