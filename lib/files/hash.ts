/**
 * Digests of files of any size in bounded memory.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { NotFoundError } from "../errors.ts";

const READ_BYTES = 1024 * 1024;

/** Digests that are computed in one pass, in hex. */
export interface FileDigests {
  /** 32 digits. It tells data sets apart; it protects nothing. */
  md5: string;
  /** 64 digits. */
  sha256: string;
}

/**
 * MD5 and SHA-256 of a file's content, reading it once.
 *
 * @throws {NotFoundError} when there is no such file
 */
export async function digestFile(path: string): Promise<FileDigests> {
  const [md5 = "", sha256 = ""] = await hashFile(path, ["md5", "sha256"]);
  return { md5, sha256 };
}

/**
 * SHA-256 of a file's content, as 64 hex digits.
 *
 * @throws {NotFoundError} when there is no such file
 */
export async function sha256File(path: string): Promise<string> {
  const [sha256 = ""] = await hashFile(path, ["sha256"]);
  return sha256;
}

async function hashFile(path: string, algorithms: readonly string[]): Promise<string[]> {
  using file = await openFile(path);
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  const buffer = new Uint8Array(READ_BYTES);
  let count = await file.read(buffer);
  while (count !== null) {
    for (const hash of hashes) hash.update(buffer.subarray(0, count));
    count = await file.read(buffer);
  }
  return hashes.map((hash) => hash.digest("hex"));
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new NotFoundError(`Cannot read "${path}": there is no such file`, { cause });
  }
}
