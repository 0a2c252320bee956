/**
 * Who may be in which room: rooms, members, keys and invites, in one SQLite file. Only hashes of
 * keys and codes are stored; room secrets never come here.
 *
 * @module
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { inTransaction, openDatabase } from "./accounts/database.ts";
import {
  hashKey,
  type KeyKind,
  newAccountKey,
  newInviteCode,
  newJwt,
  newRoomToken,
} from "./accounts/keys.ts";
import { PublicKeys } from "./accounts/public_keys.ts";
import { type Row, Table } from "./accounts/table.ts";
import type {
  Invite,
  InviteOptions,
  KeyProblem,
  Principal,
  Room,
  RoomOptions,
  User,
} from "./accounts/types.ts";

export type * from "./accounts/types.ts";

const DAY = 86_400;
/** So long an expired key is told from one that never was. */
const EXPIRED_KEPT = 30 * DAY;
const DEFAULT_USES = 20;

/** The accounts of one server. */
export class Accounts extends Table implements Disposable {
  /** The public keys of members. */
  readonly publicKeys: PublicKeys;
  readonly #database: DatabaseSync;

  /**
   * @param path the SQLite file; made if there is none
   * @param now the time in Unix seconds
   * @throws {ConflictError} when the file is damaged or newer than this program
   */
  constructor(path: string, now: () => number = unixTime) {
    const database = openDatabase(path);
    super(database, now);
    this.#database = database;
    this.publicKeys = new PublicKeys(database, now);
    this.run("DELETE FROM invites WHERE expires_at <= ? OR uses_left <= 0", now());
    this.run("DELETE FROM keys WHERE expires_at <= ?", now() - EXPIRED_KEPT);
  }

  /** Close the file. */
  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Make a room. */
  createRoom(options: RoomOptions = {}): Room {
    const id = randomBytes(4).toString("hex");
    const now = this.now();
    const expiresAt = options.lifetime === undefined ? null : now + options.lifetime;
    const room = { id, name: options.name ?? id, expiresAt };
    inTransaction(this.#database, () => {
      this.run("INSERT INTO rooms VALUES (?, ?, ?, ?)", id, room.name, now, expiresAt);
      if (options.owner !== undefined) this.#addMember(id, options.owner);
    });
    return room;
  }

  /** All rooms, the oldest first. */
  rooms(): Room[] {
    return this.all("SELECT * FROM rooms ORDER BY created_at, rowid").map(roomOf);
  }

  /** A room that has not expired; null: there is none. */
  room(id: string): Room | null {
    const row = this.get("SELECT * FROM rooms WHERE id = ?", id);
    if (row === undefined) return null;
    const room = roomOf(row);
    return room.expiresAt !== null && room.expiresAt <= this.now() ? null : room;
  }

  /** The rooms of a user, with the role there. */
  roomsOf(user: User): { room: Room; role: string; joinedAt: number }[] {
    return this.all(
      `SELECT rooms.*, members.role, members.joined_at FROM rooms
       JOIN members ON members.room_id = rooms.id WHERE members.user_id = ?
       ORDER BY members.joined_at`,
      user.id,
    ).map((row) => ({
      room: roomOf(row),
      role: String(row["role"]),
      joinedAt: Number(row["joined_at"]),
    }));
  }

  /** How many members a room has. */
  memberCount(roomId: string): number {
    const row = this.get("SELECT count(*) AS n FROM members WHERE room_id = ?", roomId);
    return Number(row?.["n"] ?? 0);
  }

  /** Is this user in the room? */
  isMember(user: User, roomId: string): boolean {
    const sql = "SELECT 1 FROM members WHERE room_id = ? AND user_id = ?";
    return this.get(sql, roomId, user.id) !== undefined;
  }

  /** Make an invite code for a room. */
  createInvite(roomId: string, options: InviteOptions = {}): Invite {
    const code = newInviteCode();
    const { lifetime = DAY, uses = DEFAULT_USES } = options;
    const now = this.now();
    const sql = "INSERT INTO invites VALUES (?, ?, ?, ?, ?)";
    this.run(sql, hashKey(code), roomId, now, now + lifetime, uses);
    return { code, roomId, lifetime, uses };
  }

  /**
   * Take someone into the room of an invite. A member takes no use of it.
   *
   * @param joiner a known user, or the name of a new one, who then gets an account key
   * @returns null when the code is unknown, expired or used up
   */
  redeemInvite(
    code: string,
    joiner: User | string,
  ): { room: Room; user: User; accountKey: string | null } | null {
    return inTransaction(this.#database, () => {
      const hash = hashKey(code);
      const sql = "SELECT * FROM invites WHERE hash = ? AND expires_at > ? AND uses_left > 0";
      const invite = this.get(sql, hash, this.now());
      const room = invite === undefined ? null : this.room(String(invite["room_id"]));
      if (room === null) return null;
      if (typeof joiner !== "string" && this.isMember(joiner, room.id)) {
        return { room, user: joiner, accountKey: null };
      }
      this.run("UPDATE invites SET uses_left = uses_left - 1 WHERE hash = ?", hash);
      const user = typeof joiner === "string" ? this.#addUser(joiner) : joiner;
      this.#addMember(room.id, user);
      const accountKey = typeof joiner === "string" ? newAccountKey() : null;
      if (accountKey !== null) this.#storeKey(accountKey, { user, kind: "account", name: "join" });
      return { room, user, accountKey };
    });
  }

  /** Who a key belongs to, or why it is not accepted. */
  authenticate(key: string): Principal | KeyProblem {
    const row = this.get(
      `SELECT keys.*, users.name AS user_name FROM keys JOIN users ON users.id = keys.user_id
       WHERE keys.hash = ?`,
      hashKey(key),
    );
    if (row === undefined) return "unknown";
    if (row["revoked_at"] !== null) return "revoked";
    if (row["expires_at"] !== null && Number(row["expires_at"]) <= this.now()) return "expired";
    return {
      user: { id: String(row["user_id"]), name: String(row["user_name"]) },
      kind: String(row["kind"]) as KeyKind,
      roomId: row["room_id"] === null ? null : String(row["room_id"]),
    };
  }

  /** A token that does what the user's account key does, for so many seconds. */
  createJwt(user: User, lifetime: number): { jwt: string; expiresAt: number } {
    const now = this.now();
    const expiresAt = now + lifetime;
    const jwt = newJwt({ sub: user.id, username: user.name, iat: now, exp: expiresAt });
    this.#storeKey(jwt, { user, kind: "jwt", name: "jwt", expiresAt });
    return { jwt, expiresAt };
  }

  /** A key with which a worker registers in this room, and nothing else. */
  createRoomToken(
    user: User,
    roomId: string,
    options: { name: string; lifetime: number },
  ): { token: string; expiresAt: number } {
    const token = newRoomToken();
    const expiresAt = this.now() + options.lifetime;
    this.#storeKey(token, { user, kind: "token", name: options.name, roomId, expiresAt });
    return { token, expiresAt };
  }

  /** Make a key worthless from now on; false: there is no such key. */
  revoke(key: string): boolean {
    const sql = "UPDATE keys SET revoked_at = ? WHERE hash = ? AND revoked_at IS NULL";
    return this.run(sql, this.now(), hashKey(key)) > 0;
  }

  #addUser(name: string): User {
    const user = { id: randomUUID(), name };
    this.run("INSERT INTO users VALUES (?, ?, ?)", user.id, name, this.now());
    return user;
  }

  #addMember(roomId: string, user: User): void {
    const role = this.memberCount(roomId) === 0 ? "owner" : "member";
    const sql = "INSERT INTO members VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    this.run(sql, roomId, user.id, role, this.now());
  }

  #storeKey(
    key: string,
    of: { user: User; kind: KeyKind; name: string; roomId?: string; expiresAt?: number },
  ): void {
    this.run(
      "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
      ...[hashKey(key), randomUUID(), of.kind, of.user.id, of.roomId ?? null, of.name],
      ...[this.now(), of.expiresAt ?? null],
    );
  }
}

function roomOf(row: Row): Room {
  const expires = row["expires_at"];
  return {
    id: String(row["id"]),
    name: String(row["name"]),
    expiresAt: expires === null ? null : Number(expires),
  };
}

function unixTime(): number {
  return Math.floor(Date.now() / 1000);
}
