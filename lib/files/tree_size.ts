import { join } from "node:path";

/**
 * Bytes that removing a file or folder would free: links count as nothing, and are not followed. What
 * cannot be looked at counts as nothing, too.
 *
 * @param path absolute
 */
export async function treeSize(path: string): Promise<number> {
  const info = await Deno.lstat(path).catch(() => null);
  if (info === null || info.isSymlink) return 0;
  if (!info.isDirectory) return info.size;
  let bytes = 0;
  try {
    for await (const { name } of Deno.readDir(path)) bytes += await treeSize(join(path, name));
  } catch {
    // Not ours to read, or removed meanwhile.
  }
  return bytes;
}
