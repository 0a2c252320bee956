/**
 * IDs of jobs that are submitted with an idempotency key: the same key gives the same ID, so that a
 * job which was submitted twice is found again.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isFolder } from "../../lib/files/file_info.ts";
import { JobFolder } from "../job_folder.ts";

const DIGITS = 8;

/** The job of a key, if it is there, and the ID that a new one gets. */
export interface JobOfKey {
  known: JobFolder | null;
  /** Null: all IDs of the key belong to jobs of other keys. */
  freeId: string | null;
}

/**
 * Look for the job of a key. The first ID is made of the first 8 digits of the key's SHA-256; where
 * a job of another key has it, the next 8 digits are taken.
 *
 * @param root absolute path of the registry root
 */
export async function findJobOfKey(root: string, key: string): Promise<JobOfKey> {
  const digits = createHash("sha256").update(key).digest("hex");
  for (let at = 0; at < digits.length; at += DIGITS) {
    const folder = JobFolder.of(root, `job_${digits.slice(at, at + DIGITS)}`);
    if (folder === null) continue;
    if (!(await isFolder(folder.path))) return { known: null, freeId: folder.jobId };
    const spec = await folder.readSpec().catch(() => null);
    if (spec?.idempotency_key === key) return { known: folder, freeId: null };
  }
  return { known: null, freeId: null };
}
