/**
 * One WebSocket of the server: registration, then routing. Nothing that comes in can make it throw.
 *
 * @module
 */
import * as v from "valibot";
import { logger } from "../../log.ts";
import type { Accounts } from "../accounts.ts";
import { byteLength, MAX_MESSAGE_BYTES, parseBoundedJson } from "../bounded_json.ts";
import { admit, isDenial } from "./admission.ts";
import {
  errorFrame,
  type Filters,
  type Frame,
  FrameSchema,
  type Metadata,
  type RegisterFrame,
  RegisterSchema,
  type ServerFrame,
} from "./frames.ts";
import { fits, isMetadataSmall, mergeMetadata } from "./metadata.ts";
import { TokenBucket } from "./rate_limit.ts";
import type { Peer, Refusal, Rooms } from "./rooms.ts";

/** What a connection works with. */
export interface ConnectionContext {
  accounts: Accounts;
  rooms: Rooms;
  /** Of the other side; for the log. */
  address: string;
  /** Called once when it has registered, and may stay. */
  onRegistered(): void;
  /** Called when its socket is closed. */
  onClosed(): void;
}

/** WebSocket close codes: RFC 6455 7.4.1, and one of our own. */
const CLOSE = { unsupported: 1003, policy: 1008, tooBig: 1009, superseded: 4001 } as const;
/** A job needs about ten frames; a person's discovery one a second. */
const FRAME_RATE = { burst: 100, perSecond: 20 };
const MAX_DENIALS = 3;
/** Bytes that wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
/** Python peers take frames of up to 1 MiB. */
const MAX_PEER_LIST_BYTES = 900_000;
const REFUSALS: Record<Refusal, string> = {
  PEER_ID_TAKEN: "Another member uses this peer ID",
  ROOM_FULL: "Room is full",
  TOO_MANY_PEERS: "Too many peers of this account",
};

const log = logger("signaling");

/** One WebSocket of the server. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #context: ConnectionContext;
  readonly #bucket = new TokenBucket(FRAME_RATE);
  #peer: Peer | null = null;
  #denials = 0;

  constructor(socket: WebSocket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#onClose();
    // An error is followed by a close.
    socket.onerror = (event) => event.preventDefault();
  }

  /** Has it registered? */
  get isRegistered(): boolean {
    return this.#peer !== null;
  }

  /** Python workers reconnect after 90 s without it. Other Python peers would mistake it. */
  ping(): void {
    const peer = this.#peer;
    if (peer !== null && (peer.role === "worker" || peer.takesNotices)) {
      this.#send({ type: "ping" });
    }
  }

  /** Close the socket. */
  close(code: number, reason: string): void {
    const socket = this.#socket;
    if (socket.readyState === WebSocket.OPEN) socket.close(code, reason);
    // Closed while it opens, it would stay open for ever (Deno 2.9.6).
    else socket.onopen = () => socket.close(code, reason);
  }

  #receive(data: unknown): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (typeof data !== "string") return this.#drop(CLOSE.unsupported, "only text is understood");
    if (byteLength(data) > MAX_MESSAGE_BYTES) return this.#drop(CLOSE.tooBig, "message too big");
    if (!this.#bucket.take()) return this.#drop(CLOSE.policy, "too many messages");
    const value = parseBoundedJson(data);
    if (value === undefined) return this.#error("INVALID_JSON", "Invalid JSON");
    const frame = v.safeParse(FrameSchema, value);
    if (frame.success) this.#handle(frame.output);
    else if (isRegister(value)) this.#deny("BAD_REGISTRATION", registrationFault(value));
    else this.#error("UNKNOWN_MESSAGE_TYPE", "Unknown type of message, or a field is wrong");
  }

  #handle(frame: Frame): void {
    if (frame.type === "register") return this.#register(frame);
    const peer = this.#peer;
    if (peer === null) return this.#error("NOT_IN_ROOM", "Register first");
    // Its place was taken by a newer socket of the same peer: whatever it still says is void.
    if (!this.#context.rooms.isCurrent(peer)) return;
    switch (frame.type) {
      case "discover_peers":
        return this.#listPeers(peer, frame.filters ?? {});
      case "update_metadata":
        return this.#updateMetadata(peer, frame.metadata);
      case "peer_message":
        return this.#relay(peer, frame.type, frame.to_peer_id, {
          from_peer_id: peer.id,
          to_peer_id: frame.to_peer_id,
          payload: frame.payload,
        });
      case "mesh_connect":
        return this.#relay(peer, "mesh_offer", frame.target_peer_id, {
          from_peer_id: peer.id,
          offer: frame.offer,
        });
      case "mesh_answer":
        return this.#relay(peer, frame.type, frame.target_peer_id, {
          from_peer_id: peer.id,
          answer: frame.answer,
        });
      case "ice_candidate":
        return this.#relay(peer, frame.type, frame.target_peer_id, {
          from_peer_id: peer.id,
          candidate: frame.candidate,
        });
      default: {
        // `role: "client"` in an offer makes a Python worker skip its authentication.
        const { type, role: _role, ...fields } = frame;
        return this.#relay(peer, type, frame.target, { ...fields, sender: peer.id });
      }
    }
  }

  #register(frame: RegisterFrame): void {
    const { accounts, rooms, address } = this.#context;
    const admission = admit(frame, accounts);
    if (isDenial(admission)) return this.#deny(admission.code, admission.reason);
    const metadata = mergeMetadata({}, frame.metadata ?? {});
    if (!isMetadataSmall(metadata)) return this.#deny("BAD_REGISTRATION", "Metadata is too big");
    const previous = this.#peer;
    const peer = this.#newPeer(frame, admission, metadata);
    this.#peer = peer;
    const refusal = rooms.join(peer);
    if (refusal !== null) {
      this.#peer = previous;
      return this.#deny(refusal, REFUSALS[refusal]);
    }
    if (previous !== null) rooms.leave(previous);
    else this.#context.onRegistered();
    log.info(`${peer.role} "${peer.id}" is in room ${peer.roomId} (from ${address})`);
    this.#send({
      type: "registered_auth",
      room_id: peer.roomId,
      peer_id: peer.id,
      token: frame.token ?? null,
      // Each Python worker is then its own admin, which is the only kind that takes offers well.
      admin_peer_id: null,
      peer_list: [],
      peer_metadata: {},
      ice_servers: [],
      mesh_ice_servers: [],
      ...(peer.takesNotices ? { features: ["notices"] } : {}),
    });
  }

  #newPeer(
    frame: RegisterFrame,
    { user, roomId }: { user: Peer["user"]; roomId: string },
    metadata: Metadata,
  ): Peer {
    const takesNotices = frame.features?.includes("notices") ?? false;
    const peer: Peer = {
      id: frame.peer_id,
      roomId,
      role: frame.role,
      user,
      connectedAt: Date.now() / 1000,
      metadata,
      takesNotices,
      send: (frame) => this.#send(frame),
      disconnect: () => this.#drop(CLOSE.policy, "its key was revoked"),
      supersede: () => {
        // The same socket may register again. A Python worker would come back at once if closed.
        if (this.#peer !== peer || !takesNotices) return;
        this.#drop(CLOSE.superseded, "another connection registered with this peer ID");
      },
    };
    return peer;
  }

  #listPeers(peer: Peer, filters: Filters): void {
    const peers: unknown[] = [];
    let bytes = 0;
    for (const { id, role, metadata, connectedAt } of this.#context.rooms.peersIn(peer.roomId)) {
      if (id === peer.id || !fits({ role, metadata }, filters)) continue;
      const found = { peer_id: id, role, metadata, connected_at: connectedAt };
      bytes += byteLength(JSON.stringify(found));
      if (bytes > MAX_PEER_LIST_BYTES) break;
      peers.push(found);
    }
    this.#send({ type: "peer_list", to_peer_id: peer.id, peers, count: peers.length });
  }

  #updateMetadata(peer: Peer, update: Metadata): void {
    const merged = mergeMetadata(peer.metadata, update);
    if (!isMetadataSmall(merged)) return this.#error("INVALID_MESSAGE", "Metadata is too big");
    peer.metadata = merged;
    this.#send({ type: "metadata_updated", peer_id: peer.id, metadata: merged });
  }

  #relay(from: Peer, type: string, to: string, fields: Record<string, unknown>): void {
    const target = this.#context.rooms.find(from.roomId, to);
    if (target !== undefined) return target.send({ type, ...fields });
    if (from.takesNotices) this.#send({ type: "undeliverable", target: to, original_type: type });
    else if (type === "peer_message") this.#error("PEER_NOT_FOUND", "No such peer in this room");
  }

  /** A refused registration. The socket stays open for another try, as at the Python server. */
  #deny(code: string, reason: string): void {
    log.info(`registration refused: ${reason} (from ${this.#context.address})`);
    this.#denials++;
    this.#send(errorFrame(code, reason));
    if (this.#denials >= MAX_DENIALS) this.close(CLOSE.policy, "too many refused registrations");
  }

  /** A registered Python worker exits on any error frame: it gets none. */
  #error(code: string, message: string): void {
    if (this.#peer?.role === "worker" && !this.#peer.takesNotices) return;
    this.#send(errorFrame(code, message));
  }

  #send(frame: ServerFrame): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(frame));
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) {
      this.#drop(CLOSE.policy, "does not read what is sent to it");
    }
  }

  #drop(code: number, reason: string): void {
    const who = this.#peer === null ? "a connection" : `"${this.#peer.id}"`;
    log.info(`closing ${who}: ${reason} (from ${this.#context.address})`);
    this.close(code, reason);
  }

  #onClose(): void {
    const peer = this.#peer;
    if (peer !== null) {
      const isCurrent = this.#context.rooms.isCurrent(peer);
      this.#context.rooms.leave(peer);
      if (isCurrent) log.info(`${peer.role} "${peer.id}" left room ${peer.roomId}`);
    }
    this.#context.onClosed();
  }
}

function isRegister(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value &&
    value.type === "register";
}

/** Which field is wrong; never its value. */
function registrationFault(value: unknown): string {
  const result = v.safeParse(RegisterSchema, value);
  const path = result.success ? null : v.getDotPath(result.issues[0]);
  return `Missing or wrong field in the registration: ${path ?? "unknown"}`;
}
