/**
 * Temp files beside what they become.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { modifiedAt } from "../files/file_info.ts";

/** One that nobody wrote to for so long, in milliseconds, has lost its writer. */
const LIFETIME = 3_600_000;

/** A new name for what becomes the file at `path`: `.NAME.<8 hex digits>.part`. */
export function partPath(path: string): string {
  const random = crypto.getRandomValues(new Uint8Array(4)).toHex();
  return join(dirname(path), `.${basename(path)}.${random}.part`);
}

/** Remove what killed programs have left of the file at `path` an hour ago or earlier. */
export async function removeOldParts(path: string): Promise<void> {
  const [start, folder] = [`.${basename(path)}.`, dirname(path)];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.startsWith(start)) continue;
    if (!/^[0-9a-f]{8}\.part$/.test(name.slice(start.length))) continue;
    const part = join(folder, name);
    if (await modifiedAt(part) > Date.now() - LIFETIME) continue;
    await Deno.remove(part).catch(() => {});
  }
}
