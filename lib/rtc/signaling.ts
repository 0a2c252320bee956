/**
 * How two peers find each other: the little that a connection needs of a signaling server.
 *
 * @module
 */
import * as v from "valibot";

/** What a peer sends through the server. */
export interface OutgoingSignal {
  type: "offer" | "answer";
  /** ID of the peer it is for. */
  to: string;
  /** The fields of the frame beside type, sender and target. */
  payload: SessionDescription;
}

/** What a peer receives through the server. */
export interface IncomingSignal {
  type: string;
  /** ID of the peer that sent it, as the server knows it. */
  from: string;
  payload?: unknown;
}

/** What a peer needs of a signaling server. */
export interface Signaling {
  /** Our own ID in the room. */
  readonly peerId: string;
  /** Send one message to another peer; nothing is thrown when it does not arrive. */
  send(message: OutgoingSignal): void;
  /**
   * What arrives from now on. Each call is a subscription of its own, which begins with the call and
   * ends when the iterator's `return()` is called or the server is left for good.
   */
  messages(): AsyncIterable<IncomingSignal>;
}

/** Longest session description that is read, in characters. */
const MAX_SDP = 16_384;

/** The payload of an offer or answer. */
export const SessionDescriptionSchema = v.object({
  /** The complete description, candidates included. */
  sdp: v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_SDP)),
  /** Made by the offerer and repeated in the answer; Python peers know nothing of it. */
  connection_id: v.optional(v.pipe(v.string(), v.maxLength(64))),
});
/** The payload of an offer or answer. */
export type SessionDescription = v.InferOutput<typeof SessionDescriptionSchema>;

/** The description in a signal, or null when it holds none. */
export function descriptionOf(signal: IncomingSignal): SessionDescription | null {
  const { success, output } = v.safeParse(SessionDescriptionSchema, signal.payload);
  return success ? output : null;
}
