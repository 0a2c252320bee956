/** Bytes of one chunk at most. */
const READ_BYTES = 64 * 1024;

/**
 * The bytes of a log, which may still grow, in order; none where there is no file.
 *
 * @param from first byte
 * @param to first byte that is left out; `Infinity`: to the end of the file
 */
export async function* chunksOf(
  path: string,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const file = await openIfExists(path);
  if (file === null) return;
  try {
    await file.seek(from, Deno.SeekMode.Start);
    let left = to - from;
    while (left > 0) {
      const chunk = new Uint8Array(Math.min(left, READ_BYTES));
      const count = await file.read(chunk);
      if (count === null) return;
      left -= count;
      yield chunk.subarray(0, count);
    }
  } finally {
    file.close();
  }
}

async function openIfExists(path: string): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
