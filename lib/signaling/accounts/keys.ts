/**
 * Keys as the server makes them: shown once, stored as hashes only.
 *
 * All keys have at least 128 random bits, so a plain SHA-256 cannot be searched back.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, randomBytes } from "node:crypto";

/**
 * `account`: all that a member may do. `token`: register as a peer of one room. `jwt`: like `account`,
 * in the form that Python clients keep.
 */
export type KeyKind = "account" | "token" | "jwt";

/** Bits as in the Python project's server (signaling-contract 1.4). */
const KEY_BYTES = 24;
const INVITE_BYTES = 16;

/** A new account key: `slp_acct_…`. */
export function newAccountKey(): string {
  return `slp_acct_${randomBytes(KEY_BYTES).toString("base64url")}`;
}

/** A new key for the peers of one room: `slp_…`. */
export function newRoomToken(): string {
  return `slp_${randomBytes(KEY_BYTES).toString("base64url")}`;
}

/** A new invite code: 22 characters. */
export function newInviteCode(): string {
  return randomBytes(INVITE_BYTES).toString("base64url");
}

/** What a {@linkcode newJwt} says. */
export interface JwtClaims {
  sub: string;
  username: string;
  /** Unix seconds. */
  iat: number;
  /** Unix seconds. */
  exp: number;
}

/**
 * A new JSON Web Token. It is signed with a key that is thrown away at once: the server knows its
 * tokens by their hashes, so that there is no signing key to steal and each can be revoked.
 */
export function newJwt(claims: JwtClaims): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = { ...claims, iss: "sleap-rtc", aud: "sleap-rtc" };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
  const signature = createHmac("sha256", randomBytes(32)).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}

/** What is stored of a key, code or token. */
export function hashKey(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}
