/**
 * Disk space set aside for a job's last words: on a full disk it is given back, so that how the job
 * ended can still be written down.
 *
 * @module
 */
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { errorCode } from "../../lib/files/error_code.ts";
import { isFile } from "../../lib/files/file_info.ts";

const FILE_NAME = "reserve";
/** Enough for the events, the state and the result of a job. */
const JOB_BYTES = 512 * 1024;

/**
 * Set space aside in a job's folder: for the job, and for two versions of the manifest.
 *
 * @param folder absolute path of the job's folder
 * @param root absolute path of the registry root
 */
export async function setReserve(folder: string, root: string): Promise<void> {
  const manifest = await Deno.stat(join(root, "models", ".registry", "manifest.json"))
    .catch(() => null);
  let left = JOB_BYTES + 2 * (manifest?.size ?? 0);
  using file = await Deno.open(join(folder, FILE_NAME), { write: true, create: true });
  const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
  while (left > 0) left -= await file.write(block);
  await file.sync();
}

/** {@linkcode setReserve}, where the reserve was given back. */
export async function ensureReserve(folder: string, root: string): Promise<void> {
  if (!(await isFile(join(folder, FILE_NAME)))) await setReserve(folder, root);
}

/** Give the space back; false where it is already gone. */
export async function releaseReserve(folder: string): Promise<boolean> {
  return await Deno.remove(join(folder, FILE_NAME)).then(() => true, () => false);
}

/**
 * Do something that writes; if the disk is full, give the reserve back and do it once more.
 *
 * @param folder absolute path of the job's folder
 * @param write must be repeatable
 */
export async function withReserve<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDiskFull(error) || !(await releaseReserve(folder))) throw error;
    return await write();
  }
}

function isDiskFull(error: unknown): boolean {
  const cause = error instanceof SleapRtcError ? error.cause : error;
  const code = errorCode(cause);
  return code === "ENOSPC" || code === "EDQUOT";
}
