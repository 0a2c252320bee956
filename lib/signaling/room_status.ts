/**
 * How it stands with the rooms this machine has joined.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import type { JoinedRoom } from "../credentials.ts";
import { messageOf } from "../errors.ts";
import { type PeerInfo, SignalingClient } from "./client.ts";

/** A joined room as it is now. */
export interface RoomStatus {
  room: JoinedRoom;
  /** Null: the room can be reached and lets us in. */
  error: string | null;
  /** The other peers there; empty where it cannot be reached. */
  peers: PeerInfo[];
}

/** Look into a room. */
export async function statusOf(room: JoinedRoom): Promise<RoomStatus> {
  try {
    await using client = await SignalingClient.connect({
      server: room.server,
      roomId: room.room_id,
      credential: room.account_key,
      peerId: `status-${randomUUID().slice(0, 8)}`,
      role: "client",
      metadata: { tags: ["sleap-rtc"], properties: { purpose: "status" } },
    });
    return { room, error: null, peers: await client.discover() };
  } catch (error) {
    return { room, error: messageOf(error), peers: [] };
  }
}
