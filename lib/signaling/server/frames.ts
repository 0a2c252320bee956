/**
 * The frames that peers send to the server, and its errors. Python 0.0.7 peers speak the same ones
 * (docs/signaling.md).
 *
 * Fields that claim who the sender is are not read: the socket says that.
 *
 * @module
 */
import * as v from "valibot";

const MAX_ID_LENGTH = 128;
const MAX_FIELD_LENGTH = 4096;

/** Printable, and short enough for a log line. */
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_ID_LENGTH), v.regex(/^\P{C}+$/u));
const text = v.pipe(v.string(), v.maxLength(MAX_FIELD_LENGTH));
const object = v.record(v.string(), v.unknown());

/** What a peer says about itself. */
export const MetadataSchema = object;
/** What a peer says about itself. */
export type Metadata = v.InferOutput<typeof MetadataSchema>;

/** The first frame: who wants to be in which room, and what proves it. */
export const RegisterSchema = v.object({
  type: v.literal("register"),
  peer_id: id,
  /** `worker`, `client`; sleap-app says `app`; without one it is a `peer`, as upstream. */
  role: v.optional(v.pipe(v.string(), v.regex(/^[a-z]{1,32}$/)), "peer"),
  room_id: v.nullish(text),
  /** `slp_acct_…` or `slp_…`. */
  api_key: v.nullish(text),
  jwt: v.nullish(text),
  /** Echoed; nobody checks it. */
  token: v.nullish(text),
  metadata: v.nullish(MetadataSchema),
  /** What this peer understands beyond the Python protocol: `notices`. */
  features: v.nullish(v.array(v.string())),
});
/** The first frame: who wants to be in which room, and what proves it. */
export type RegisterFrame = v.InferOutput<typeof RegisterSchema>;

/** Which peers are wanted. */
export const FiltersSchema = v.object({
  role: v.nullish(v.string()),
  /** At least one of them. */
  tags: v.nullish(v.array(v.string())),
  /** All of them: a value, or `{$eq, $gte, $lte}`. */
  properties: v.nullish(object),
});
/** Which peers are wanted. */
export type Filters = v.InferOutput<typeof FiltersSchema>;

const routed = { target: id };

/** Every frame of a registered peer that the server acts on. */
export const FrameSchema = v.variant("type", [
  RegisterSchema,
  v.object({ type: v.literal("discover_peers"), filters: v.nullish(FiltersSchema) }),
  v.object({ type: v.literal("update_metadata"), metadata: MetadataSchema }),
  v.looseObject({ type: v.picklist(["offer", "answer", "candidate"]), ...routed }),
  // A busy Python worker rejects an offer with it.
  v.looseObject({ type: v.literal("error"), ...routed }),
  v.object({ type: v.literal("peer_message"), to_peer_id: id, payload: v.unknown() }),
  v.object({ type: v.literal("mesh_connect"), target_peer_id: id, offer: v.unknown() }),
  v.object({ type: v.literal("mesh_answer"), target_peer_id: id, answer: v.unknown() }),
  v.object({ type: v.literal("ice_candidate"), target_peer_id: id, candidate: v.unknown() }),
]);
/** Every frame of a registered peer that the server acts on. */
export type Frame = v.InferOutput<typeof FrameSchema>;

/** A frame that the server sends. */
export type ServerFrame = { type: string; [key: string]: unknown };

/**
 * An error frame. Python workers print `reason`, API clients `message`, so there are both.
 *
 * @param code e.g. `INVALID_JSON`
 */
export function errorFrame(code: string, message: string): ServerFrame {
  return { type: "error", code, reason: message, message };
}
