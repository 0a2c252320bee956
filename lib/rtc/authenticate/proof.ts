/**
 * The proof that a peer knows the room secret and sits at the other end of this very connection.
 *
 * HMAC-SHA-256 under a key derived from the room secret (HKDF), over everything that tells this
 * conversation from any other: the prover's role, both nonces, both certificates, keying material of
 * the DTLS connection, the room and both peers. A proof is thus worthless elsewhere: replayed (other
 * nonces), reflected (other role), or relayed by someone in the middle (other keying material).
 *
 * @module
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { DtlsBinding } from "../transport/dtls.ts";

/** The client makes the offer, the worker the answer. */
export type Role = "client" | "worker";

/** What both sides know of one conversation before the first proof. */
export interface Conversation {
  room: string;
  peers: Record<Role, string>;
  nonces: Record<Role, Uint8Array>;
  /** SHA-256 of the certificates, 64 hex digits. */
  fingerprints: Record<Role, string>;
  /** 64 hex digits. */
  keyingMaterial: string;
}

const INFO = "sleap-rtc peer proof 1";

/** The key for proofs in a room. */
export function proofKey(secret: string, room: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, room, INFO, 32));
}

/** The fingerprints by role, as one side sees them. */
export function fingerprintsOf(binding: DtlsBinding, own: Role): Record<Role, string> {
  const { localFingerprint, remoteFingerprint } = binding;
  return own === "client"
    ? { client: localFingerprint, worker: remoteFingerprint }
    : { client: remoteFingerprint, worker: localFingerprint };
}

/** The proof of `prover` in a conversation, 32 bytes. */
export function proofOf(key: Uint8Array, prover: Role, about: Conversation): Uint8Array {
  const { room, peers, nonces, fingerprints, keyingMaterial } = about;
  const covered = JSON.stringify([
    INFO,
    prover,
    nonces.client.toHex(),
    nonces.worker.toHex(),
    fingerprints.client,
    fingerprints.worker,
    keyingMaterial,
    room,
    peers.client,
    peers.worker,
  ]);
  return new Uint8Array(createHmac("sha256", key).update(covered).digest());
}

/** Whether `mac` is the proof of `prover`; the comparison takes the same time for any answer. */
export function isProof(
  mac: Uint8Array,
  key: Uint8Array,
  prover: Role,
  about: Conversation,
): boolean {
  const expected = proofOf(key, prover, about);
  return mac.length === expected.length && timingSafeEqual(mac, expected);
}
