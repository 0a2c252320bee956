/**
 * What a machine with the Python program (0.0.7) needs to come into a room of ours.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { JoinedRoom } from "../credentials.ts";
import { createInvite, createJwt, redeemInvite } from "./http_api.ts";

/** Days; the Python program asks for a new login afterwards. */
const JWT_DAYS = 365;

/** The Python program's `~/.sleap-rtc/credentials.json` (wire-protocol 1.3). */
export interface PythonCredentials {
  /** Of clients. */
  jwt: string;
  user: { id: string; username: string; avatar_url: string };
  /** Of workers. */
  account_key: string;
  default_room: string;
  /** By room. There is no `private_key`: with one, a Python client would not use the secret. */
  room_secrets: Record<string, string>;
}

/**
 * Make an account for a Python machine.
 *
 * @throws {NotAuthorisedError} when this machine is no member any more
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function invitePython(room: JoinedRoom): Promise<PythonCredentials> {
  const { server, room_id, secret, account_key: accountKey } = room;
  const invite = await createInvite(server, room_id, { accountKey, uses: 1, lifetime: 60 });
  // Python clients take it for their peer ID, so it must be their own.
  const name = `python-${randomUUID().slice(0, 8)}`;
  const joined = await redeemInvite(server, invite.invite_code, { name });
  const key = joined.account_key ?? accountKey;
  const { jwt, user } = await createJwt(server, { accountKey: key, days: JWT_DAYS });
  return {
    jwt,
    user: { id: user.id, username: user.username, avatar_url: "" },
    account_key: key,
    default_room: room_id,
    room_secrets: { [room_id]: secret },
  };
}
