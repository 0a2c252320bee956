import { statfs } from "node:fs/promises";
import { SleapRtcError } from "../errors.ts";

/**
 * Refuse what the disk cannot hold, before any of it is sent.
 *
 * @param folder a folder on that disk
 * @param bytes how much is to be stored
 * @throws {SleapRtcError} that says how much is missing
 */
export async function assertFreeSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || bytes <= free) return;
  const [needed, missing] = [bytes, bytes - free].map((count) => count.toLocaleString("en"));
  throw new SleapRtcError(
    `Cannot store ${needed} bytes in "${folder}": ${missing} bytes are missing on its disk`,
    { hint: "Free some space on that disk and try again." },
  );
}

/** What we may still write, in bytes; null where the file system does not say. */
async function freeBytes(folder: string): Promise<number | null> {
  const info = await statfs(folder).catch(() => null);
  return info === null || info.blocks === 0 ? null : info.bavail * info.bsize;
}
