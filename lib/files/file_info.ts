/**
 * What a path names, where a missing file is an answer and no error.
 *
 * @module
 */

/** Is there a file at this path? A folder, or what cannot be looked at, is none. */
export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** Is there a folder at this path? */
export async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

/** Size in bytes; 0 where there is no file. */
export async function sizeOf(path: string): Promise<number> {
  return (await statOrNull(path))?.size ?? 0;
}

/** When a file was last written, in milliseconds since 1970; 0 where it cannot be looked at. */
export async function modifiedAt(path: string): Promise<number> {
  return await Deno.stat(path).then((info) => info.mtime?.getTime() ?? 0, () => 0);
}

/** Tells one version of a file from the next one; null where there is no file. */
export async function stampOf(path: string): Promise<string | null> {
  const info = await statOrNull(path);
  return info && stampOfInfo(info);
}

/**
 * {@linkcode stampOf} for who looks at the same files again and again: an asynchronous call goes
 * through another thread and takes ten times the CPU time.
 */
export function stampOfSync(path: string): string | null {
  try {
    return stampOfInfo(Deno.statSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** {@linkcode stampOf} of a file that was looked at before. */
export function stampOfInfo({ dev, ino, size, mtime, ctime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(":");
}

/** The text of a file; null where there is none. */
export async function readTextOrNull(path: string): Promise<string | null> {
  return await nullIfMissing(Deno.readTextFile(path));
}

/** What is known of a file; null where there is none. */
export async function statOrNull(path: string): Promise<Deno.FileInfo | null> {
  return await nullIfMissing(Deno.stat(path));
}

async function nullIfMissing<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
