/**
 * Proofs of the Python program: HMAC with the room secret, or a signature with a member's key.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

const MIN_KEY_BYTES = 16;
/** Length of a signature as text. */
export const SIGNATURE_LENGTH = 86;

/**
 * The proof for a nonce. Secret and nonce are read as base64, whatever they are, as Python does.
 *
 * @returns 43 characters of base64url
 */
export function legacyHmac(secret: string, nonce: string): string {
  return createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(Buffer.from(nonce, "base64url"))
    .digest("base64url");
}

/**
 * Whether `proof` is the HMAC of `nonce`; the comparison takes the same time for any answer. Never,
 * when the secret is no base64 of a key worth the name.
 */
export function isLegacyHmac(proof: string, secret: string, nonce: string): boolean {
  if (Buffer.from(secret, "base64url").length < MIN_KEY_BYTES) return false;
  const expected = Buffer.from(legacyHmac(secret, nonce));
  const actual = Buffer.from(proof);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/**
 * Whether `proof` is a signature of the nonce's text with one of the keys.
 *
 * @param publicKeys raw Ed25519 keys as base64url; malformed ones are skipped
 */
export async function isLegacySignature(
  proof: string,
  publicKeys: readonly string[],
  nonce: string,
): Promise<boolean> {
  if (proof.length !== SIGNATURE_LENGTH) return false;
  const signature = Buffer.from(proof, "base64url");
  const signed = new TextEncoder().encode(nonce);
  for (const publicKey of publicKeys) {
    const raw = new Uint8Array(Buffer.from(publicKey, "base64url"));
    if (raw.length !== 32) continue;
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    if (await crypto.subtle.verify("Ed25519", key, new Uint8Array(signature), signed)) return true;
  }
  return false;
}
