import { join } from "node:path";
import { makeFolder, syncFolder, writeError } from "./atomic_write.ts";
import type { ZipEntry } from "./zip_directory.ts";
import type { ZipReader } from "./zip_reader.ts";

/**
 * Write one entry of a zip file by temp file, fsync and rename: `destFolder/fileName` appears whole
 * or not at all.
 *
 * Requires `--allow-read` and `--allow-write`.
 *
 * @param fileName a plain name, without folders
 * @returns the path written
 * @throws {UsageError} when the zip file is damaged
 * @throws {SleapRtcError} when the file cannot be written
 */
export async function extractEntry(
  zip: ZipReader,
  entry: ZipEntry,
  fileName: string,
  destFolder: string,
): Promise<string> {
  const path = join(destFolder, fileName);
  const temp = join(destFolder, `.${crypto.randomUUID()}.part`);
  try {
    await makeFolder(destFolder);
    await writeStream(temp, zip.stream(entry));
    await Deno.rename(temp, path);
    await syncFolder(destFolder);
    return path;
  } catch (error) {
    await Deno.remove(temp).catch(() => {});
    throw writeError(path, error);
  }
}

async function writeStream(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for await (const chunk of chunks) {
    let written = 0;
    while (written < chunk.length) written += await file.write(chunk.subarray(written));
  }
  await file.sync();
}
