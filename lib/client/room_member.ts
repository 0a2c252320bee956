import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { JoinedRoom } from "../credentials.ts";
import { SignalingClient } from "../signaling/client.ts";

/**
 * Enter a room as a client, for a moment: to look who is there and to connect to a worker.
 *
 * @throws {NotAuthorisedError} when the room does not let us in
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function enterRoom(room: JoinedRoom, signal?: AbortSignal): Promise<SignalingClient> {
  return await SignalingClient.connect({
    server: room.server,
    roomId: room.room_id,
    credential: room.account_key,
    peerId: `client-${hostname()}-${randomUUID().slice(0, 8)}`,
    role: "client",
    metadata: { tags: ["sleap-rtc"], properties: { purpose: "client" } },
    ...(signal === undefined ? {} : { signal }),
  });
}
