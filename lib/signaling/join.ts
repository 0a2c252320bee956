/**
 * Joining a room with a link, and inviting others.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { isSameRoom, type JoinedRoom, joinedRooms, storeRoom } from "../credentials.ts";
import { ConflictError } from "../errors.ts";
import { createInvite, type Invited, redeemInvite } from "./http_api.ts";
import { formatJoinLink, parseJoinLink } from "./join_link.ts";

/** Options of {@linkcode joinRoom}. */
export interface JoinOptions {
  /** Accept peers that cannot prove the connection (Python 0.0.7). @default as stored, or false */
  allowLegacy?: boolean | undefined;
}

/**
 * Join the room of a link and remember it. A link that this machine has joined with already, also
 * one that has expired since, asks no server.
 *
 * @throws {UsageError} when it is no join link
 * @throws {NotAuthorisedError} when its code is unknown, expired or used up
 * @throws {ConnectionError} when the server cannot be reached
 * @throws {ConflictError} when the room was joined before with another secret
 */
export async function joinRoom(text: string, options: JoinOptions = {}): Promise<JoinedRoom> {
  const { server, code, secret } = parseJoinLink(text);
  const rooms = await joinedRooms();
  const joinedWith = createHash("sha256").update(code).digest("hex");
  const known = rooms.find((room) =>
    room.server === server && room.joined_with === joinedWith && room.secret === secret
  );
  if (known !== undefined) return await keep(known, options);
  const accountKey = rooms.findLast((room) => room.server === server)?.account_key;
  const joined = await redeemInvite(server, code, { name: hostname(), accountKey });
  const room = { server, room_id: joined.room_id, secret };
  const before = rooms.find((other) => isSameRoom(other, room));
  if (before !== undefined && before.secret !== secret) {
    throw new ConflictError(
      `This machine has joined room "${joined.room_id}" before, with another secret`,
      { hint: "Somebody gave you a forged link, or `rooms.json` is of another installation." },
    );
  }
  return await keep({
    allow_legacy: false,
    ...before,
    ...room,
    room_name: joined.name,
    account_key: joined.account_key ?? accountKey ?? "",
    joined_at: new Date().toISOString(),
    joined_with: joinedWith,
  }, options);
}

/** Options of {@linkcode inviteTo}. */
export interface InviteLinkOptions {
  /** How many may join with it; without it the server's choice. */
  uses?: number | undefined;
  /** Seconds; without it the server's choice. */
  lifetime?: number | undefined;
}

/**
 * A further link for a room that this machine has joined.
 *
 * @throws {NotAuthorisedError} when it is no member any more
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function inviteTo(
  room: JoinedRoom,
  options: InviteLinkOptions = {},
): Promise<Invited & { link: string }> {
  const { server, secret, account_key: accountKey } = room;
  const invite = await createInvite(server, room.room_id, { accountKey, ...options });
  return { ...invite, link: formatJoinLink({ server, code: invite.invite_code, secret }) };
}

async function keep(room: JoinedRoom, { allowLegacy }: JoinOptions): Promise<JoinedRoom> {
  const kept = allowLegacy === undefined ? room : { ...room, allow_legacy: allowLegacy };
  await storeRoom(kept);
  return kept;
}
