/**
 * The frames that a server sends to our peers: ours, or the Python project's.
 *
 * @module
 */
import * as v from "valibot";

const metadata = v.fallback(v.record(v.string(), v.unknown()), {});

const PeerSchema = v.object({
  peer_id: v.string(),
  role: v.fallback(v.string(), "peer"),
  metadata,
});

/** Every frame that our peers act on. */
export const ServerFrameSchema = v.variant("type", [
  v.object({
    type: v.literal("registered_auth"),
    room_id: v.string(),
    peer_id: v.string(),
    features: v.fallback(v.array(v.string()), []),
  }),
  v.object({
    type: v.literal("error"),
    code: v.nullish(v.string()),
    reason: v.nullish(v.string()),
    message: v.nullish(v.string()),
  }),
  v.object({ type: v.literal("peer_list"), peers: v.array(PeerSchema) }),
  v.object({ type: v.literal("metadata_updated"), metadata }),
  v.looseObject({ type: v.picklist(["offer", "answer"]), sender: v.string(), sdp: v.string() }),
  v.object({ type: v.literal("candidate"), sender: v.string(), candidate: v.unknown() }),
  v.object({
    type: v.picklist(["peer_joined", "peer_left"]),
    peer_id: v.string(),
    role: v.fallback(v.string(), "peer"),
  }),
  v.object({ type: v.literal("undeliverable"), target: v.string() }),
  v.object({ type: v.picklist(["ping", "quit", "admin_conflict"]) }),
]);
/** Every frame that our peers act on. */
export type ServerFrame = v.InferOutput<typeof ServerFrameSchema>;
