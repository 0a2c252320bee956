/**
 * What a peer and the signaling server tell each other.
 *
 * @module
 */

/** A peer in the room, as the server tells it; nothing of it is proved. */
export interface PeerInfo {
  peerId: string;
  role: "worker" | "client";
  metadata: Record<string, unknown>;
}

/** Which peers are wanted; all conditions hold. */
export interface PeerFilter {
  role?: "worker" | "client";
  /** At least one of them. */
  tags?: string[];
  /** A value, or `{$eq, $gte, $lte}`. */
  properties?: Record<string, unknown>;
}

/** What another peer sent to us, or what the server says about one. */
export interface IncomingSignal {
  /** `undeliverable`: what we sent did not arrive, no such peer is in the room. */
  type: "offer" | "answer" | "candidate" | "peer_joined" | "peer_left" | "undeliverable";
  /** The peer that sent it, as the server knows it, or that it is about. */
  from: string;
  /**
   * Of an offer or answer `{sdp: string, …}` with whatever else the sender added; the candidate;
   * of `peer_joined` and `peer_left` `{role: string}`.
   */
  payload: unknown;
}

/** What is sent to another peer. */
export interface OutgoingSignal {
  type: "offer" | "answer" | "candidate";
  /** The peer it is for. */
  to: string;
  /** Of an offer or answer `{sdp: string, …}`, as it arrives; the candidate. */
  payload: unknown;
}

/** Options of `SignalingClient.connect`. */
export interface SignalingOptions {
  /** `http(s)://host:port`, as a join link and `JoinedRoom` have it, or `ws(s)://…`. */
  server: string;
  roomId: string;
  peerId: string;
  /** Account key (`slp_acct_…`), room token (`slp_…`) or JWT. */
  credential: string;
  role: "worker" | "client";
  /** By convention `{tags: string[], properties: {…}}`. */
  metadata: Record<string, unknown>;
  /** Gives up connecting. */
  signal?: AbortSignal;
  /** Milliseconds to connect, to register, and for each answer. @default {10_000} */
  timeout?: number;
  /** Milliseconds of silence after which a server that pings is gone. @default {90_000} */
  silence?: number;
}

/** How a connection ended. */
export interface SignalingEnd {
  /**
   * `closed` by us; `lost`; `superseded`: another connection registered with our peer ID;
   * `refused`: the server did not let us in again.
   */
  kind: "closed" | "lost" | "superseded" | "refused";
  /** For messages. */
  reason: string;
}
