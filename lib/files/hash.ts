/**
 * Digests of files of any size in bounded memory.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { NotFoundError } from "../errors.ts";

const READ_BYTES = 1024 * 1024;

/**
 * SHA-256 of a file's content, as 64 hex digits.
 *
 * @throws {NotFoundError} when there is no such file
 */
export function sha256File(path: string): Promise<string> {
  return digestFile("sha256", path);
}

/**
 * MD5 of a file's content, as 32 hex digits. It tells data sets apart; it protects nothing.
 *
 * @throws {NotFoundError} when there is no such file
 */
export function md5File(path: string): Promise<string> {
  return digestFile("md5", path);
}

async function digestFile(algorithm: "sha256" | "md5", path: string): Promise<string> {
  using file = await openFile(path);
  const hash = createHash(algorithm);
  const buffer = new Uint8Array(READ_BYTES);
  let count = await file.read(buffer);
  while (count !== null) {
    hash.update(buffer.subarray(0, count));
    count = await file.read(buffer);
  }
  return hash.digest("hex");
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new NotFoundError(`Cannot read "${path}": there is no such file`, { cause });
  }
}
