/**
 * Whether a peer may register, and in which room.
 *
 * @module
 */
import type { Accounts, KeyProblem, User } from "../accounts.ts";
import type { RegisterFrame } from "./frames.ts";

/** Who registers where. */
export interface Admission {
  user: User;
  roomId: string;
}

/** Why somebody may not register: an error code, and a text in the words of the Python server. */
export interface Denial {
  code: string;
  reason: string;
}

const ACCOUNT_KEY_PREFIX = "slp_acct_";

/**
 * Check the credential of a register frame.
 *
 * @returns where the peer may register, or why not
 */
export function admit(frame: RegisterFrame, accounts: Accounts): Admission | Denial {
  const key = frame.api_key || frame.jwt;
  if (!key) {
    return denial("NO_CREDENTIAL", "No authentication provided. Use api_key or jwt.");
  }
  const principal = accounts.authenticate(key);
  if (typeof principal === "string") return denyKey(key, principal);
  const roomId = principal.roomId ?? frame.room_id;
  if (!roomId) return denial("NO_ROOM", `room_id required for ${nameOf(key)} auth`);
  // Whether a room exists is told to its members only.
  if (!accounts.isMember(principal.user, roomId)) {
    return denial("NO_ACCESS", "No access to this room");
  }
  if (accounts.room(roomId) === null) return denial("ROOM_EXPIRED", "Room expired");
  return { user: principal.user, roomId };
}

/** Was it denied? */
export function isDenial(result: Admission | Denial): result is Denial {
  return "code" in result;
}

function denyKey(key: string, problem: KeyProblem): Denial {
  const kind = key.startsWith(ACCOUNT_KEY_PREFIX)
    ? "Account key"
    : key.startsWith("slp_")
    ? "Token"
    : null;
  if (kind === null) return denial("BAD_CREDENTIAL", `Invalid token: ${problem}`);
  if (problem !== "unknown") return denial("BAD_CREDENTIAL", `${kind} ${problem}`);
  return denial("BAD_CREDENTIAL", kind === "Token" ? "Invalid API key" : "Invalid account key");
}

function nameOf(key: string): string {
  return key.startsWith(ACCOUNT_KEY_PREFIX) ? "account key" : "JWT";
}

function denial(code: string, reason: string): Denial {
  return { code, reason };
}
