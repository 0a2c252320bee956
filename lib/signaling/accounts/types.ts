/**
 * What the accounts hold.
 *
 * @module
 */
import type { KeyKind } from "./keys.ts";

/** A room. Times are Unix seconds. */
export interface Room {
  /** 8 hex digits. */
  id: string;
  name: string;
  /** Null: never. */
  expiresAt: number | null;
}

/** Options of `Accounts.createRoom`. */
export interface RoomOptions {
  /** @default the ID */
  name?: string;
  /** Without one, the first who joins owns it. */
  owner?: User;
  /** Seconds; without it the room never expires. */
  lifetime?: number;
}

/** A person or machine with an account. */
export interface User {
  id: string;
  name: string;
}

/** Who a key belongs to, and what it may be used for. */
export interface Principal {
  user: User;
  kind: KeyKind;
  /** The only room of a `token`; null for other kinds. */
  roomId: string | null;
}

/** Why a key is not accepted. */
export type KeyProblem = "unknown" | "revoked" | "expired";

/** An invite code that was just made; it cannot be read again. */
export interface Invite {
  code: string;
  roomId: string;
  /** Seconds from now. */
  lifetime: number;
  uses: number;
}

/** Options of `Accounts.createInvite`. */
export interface InviteOptions {
  /** Seconds. @default {86_400} */
  lifetime?: number;
  /** How many may join with it. @default {20} */
  uses?: number;
}

/** A public key of a member, for Python peers that prove themselves with Ed25519. */
export interface PublicKey {
  id: string;
  user: User;
  /** Raw 32 bytes, base64url. */
  publicKey: string;
  deviceName: string;
  /** Unix seconds. */
  registeredAt: number;
}
