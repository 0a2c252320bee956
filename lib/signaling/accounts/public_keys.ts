/**
 * Public keys of members, for Python peers that prove themselves with Ed25519.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { Table } from "./table.ts";
import type { PublicKey, User } from "./types.ts";

/** The public keys of all members. */
export class PublicKeys extends Table {
  /** Remember a member's public key; the same key again changes only the device's name. */
  add(user: User, publicKey: string, deviceName: string): PublicKey {
    const registeredAt = this.now();
    const row = this.get(
      `INSERT INTO public_keys VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (user_id, public_key) DO UPDATE SET device_name = excluded.device_name
       RETURNING id`,
      ...[randomUUID(), user.id, publicKey, deviceName, registeredAt],
    );
    return { id: String(row?.["id"]), user, publicKey, deviceName, registeredAt };
  }

  /** The public keys of all members of a room. */
  ofRoom(roomId: string): PublicKey[] {
    return this.all(
      `SELECT public_keys.*, users.name AS user_name FROM public_keys
       JOIN users ON users.id = public_keys.user_id
       JOIN members ON members.user_id = users.id WHERE members.room_id = ?
       ORDER BY public_keys.registered_at, public_keys.rowid`,
      roomId,
    ).map((row) => ({
      id: String(row["id"]),
      user: { id: String(row["user_id"]), name: String(row["user_name"]) },
      publicKey: String(row["public_key"]),
      deviceName: String(row["device_name"]),
      registeredAt: Number(row["registered_at"]),
    }));
  }
}
