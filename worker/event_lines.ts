/**
 * The lines of `events.ndjson` as text, before any is decoded: a long job has many.
 *
 * @module
 */

const NEWLINE = 0x0a;
/** Read at once, in bytes: between two portions others have their turn. */
const PORTION = 256 * 1024;
/** Read first where only the last lines are wanted, in bytes. */
const ENDING = 64 * 1024;

/** Some whole lines. */
export interface EventLines {
  lines: readonly string[];
  /** Where the next line begins, in bytes. */
  end: number;
}

/**
 * The whole lines from a place on, in portions; none where there is no file.
 *
 * @param offset where a line begins, in bytes
 */
export async function* linesFrom(path: string, offset = 0): AsyncGenerator<EventLines> {
  using file = await openIfThere(path);
  if (file === null) return;
  await file.seek(offset, Deno.SeekMode.Start);
  const buffer = new Uint8Array(PORTION);
  let rest = new Uint8Array();
  let end = offset;
  for (let read = await file.read(buffer); read !== null; read = await file.read(buffer)) {
    const bytes = new Uint8Array(rest.length + read);
    bytes.set(rest);
    bytes.set(buffer.subarray(0, read), rest.length);
    const cut = bytes.lastIndexOf(NEWLINE) + 1;
    rest = bytes.slice(cut);
    if (cut === 0) continue;
    end += cut;
    yield { lines: new TextDecoder().decode(bytes.subarray(0, cut - 1)).split("\n"), end };
  }
}

/** The highest number near the end of the file; 0 where there is none. */
export async function lastSeqOf(path: string): Promise<number> {
  using file = await openIfThere(path);
  if (file === null) return 0;
  const { size } = await file.stat();
  for (let length = ENDING;; length *= 4) {
    const start = Math.max(0, size - length);
    const bytes = new Uint8Array(size - start);
    await file.seek(start, Deno.SeekMode.Start);
    const read = await readFully(file, bytes);
    // The first line may have lost its beginning, the last one has no end yet.
    const lines = new TextDecoder().decode(bytes.subarray(0, read)).split("\n").slice(0, -1);
    const numbers = lines.slice(start === 0 ? 0 : 1).flatMap((line) => seqOf(line) ?? []);
    if (numbers.length > 0) return Math.max(...numbers);
    if (start === 0) return 0;
  }
}

/** The number of a line, even if a newer program wrote an event that we do not know. */
export function seqOf(line: string): number | null {
  const seq = /^\{"seq":(\d+),/.exec(line)?.[1];
  return seq === undefined ? null : Number(seq);
}

/** Is it a `batch` or its like of predictions, `frames`, as this program writes them? */
export function isBatch(line: string): boolean {
  return /^\{"seq":\d+,"time":"[^"]*",("model":\d+,"attempt":\d+,)?"type":"(batch|frames)"/.test(
    line,
  );
}

async function readFully(file: Deno.FsFile, bytes: Uint8Array): Promise<number> {
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return length;
}

async function openIfThere(path: string): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
