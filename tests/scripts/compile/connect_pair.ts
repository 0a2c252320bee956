import { acceptPeers } from "../../../lib/rtc/accept.ts";
import { connectTo } from "../../../lib/rtc/connect.ts";
import type { PeerConnection } from "../../../lib/rtc/peer_connection.ts";
import { MemoryRoom } from "../../support/memory_signaling.ts";

const ROOM = { room: "lab", secret: "correct horse battery staple" };

/** Connect two peers in this process; loads werift. */
export async function connectPair(): Promise<
  AsyncDisposable & { client: PeerConnection; worker: PeerConnection }
> {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), ROOM);
  const client = await connectTo(room.join("client"), "worker", ROOM);
  const { value: worker } = await accepted.next();
  await accepted.return?.();
  return { client, worker, [Symbol.asyncDispose]: () => client.close() };
}
