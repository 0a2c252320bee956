/**
 * Who is connected, by room. Kept in memory: peers register again after a restart.
 *
 * @module
 */
import type { User } from "../accounts.ts";
import type { Metadata, ServerFrame } from "./frames.ts";

/** A registered peer. */
export interface Peer {
  readonly id: string;
  readonly roomId: string;
  readonly role: string;
  readonly user: User;
  /** Unix seconds. */
  readonly connectedAt: number;
  metadata: Metadata;
  /** Does it understand `peer_joined`, `peer_left` and `undeliverable`? */
  readonly takesNotices: boolean;
  /** Send it a frame; nothing where its socket is closed. */
  send(frame: ServerFrame): void;
  /** Another socket registered as this peer. */
  supersede(): void;
  /** Its account may no longer be here. */
  disconnect(): void;
}

/** Why a peer may not register. */
export type Refusal = "PEER_ID_TAKEN" | "ROOM_FULL" | "TOO_MANY_PEERS";

const MAX_PEERS_IN_ROOM = 512;
const MAX_PEERS_OF_USER = 128;

/** The peers of all rooms; a peer's ID is unique in its room. */
export class Rooms {
  readonly #rooms = new Map<string, Map<string, Peer>>();

  /**
   * Let a peer in. The same user may take over a peer of the same ID (a worker that reconnects);
   * another user may not.
   */
  join(peer: Peer): Refusal | null {
    const room = this.#rooms.get(peer.roomId) ?? new Map<string, Peer>();
    const previous = room.get(peer.id);
    if (previous !== undefined && previous.user.id !== peer.user.id) return "PEER_ID_TAKEN";
    if (previous === undefined) {
      if (room.size >= MAX_PEERS_IN_ROOM) return "ROOM_FULL";
      if (this.#countOf(peer.user) >= MAX_PEERS_OF_USER) return "TOO_MANY_PEERS";
    }
    this.#rooms.set(peer.roomId, room);
    room.set(peer.id, peer);
    if (previous !== undefined) previous.supersede();
    else this.#notify(peer, "peer_joined");
    return null;
  }

  /** Take a peer out, unless another socket registered as it in the meantime. */
  leave(peer: Peer): void {
    const room = this.#rooms.get(peer.roomId);
    if (room?.get(peer.id) !== peer) return;
    room.delete(peer.id);
    if (room.size === 0) this.#rooms.delete(peer.roomId);
    this.#notify(peer, "peer_left");
  }

  /** Is this socket's registration still the one that counts? */
  isCurrent(peer: Peer): boolean {
    return this.find(peer.roomId, peer.id) === peer;
  }

  /** A peer of a room. */
  find(roomId: string, peerId: string): Peer | undefined {
    return this.#rooms.get(roomId)?.get(peerId);
  }

  /** The peers of a room, the first to come first. */
  peersIn(roomId: string): Peer[] {
    return [...this.#rooms.get(roomId)?.values() ?? []];
  }

  /** Close the connections of all peers of a user. */
  disconnect(user: User): void {
    for (const room of this.#rooms.values()) {
      for (const peer of room.values()) if (peer.user.id === user.id) peer.disconnect();
    }
  }

  /** How many peers there are in all rooms. */
  get size(): number {
    return [...this.#rooms.values()].reduce((sum, room) => sum + room.size, 0);
  }

  #countOf(user: User): number {
    let count = 0;
    for (const room of this.#rooms.values()) {
      for (const peer of room.values()) if (peer.user.id === user.id) count++;
    }
    return count;
  }

  #notify(about: Peer, type: "peer_joined" | "peer_left"): void {
    for (const peer of this.peersIn(about.roomId)) {
      if (peer === about || !peer.takesNotices) continue;
      peer.send({ type, peer_id: about.id, role: about.role });
    }
  }
}
