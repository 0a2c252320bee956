import { createHash } from "node:crypto";

/** A new job's ID: `job_` and 8 hex digits. */
export function newJobId(): string {
  return `job_${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
}

/** The ID of the job that is submitted with a key, however often: from the key's SHA-256. */
export function jobIdOf(idempotencyKey: string): string {
  return `job_${createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 8)}`;
}
