/**
 * What a worker tells the room of itself: the keys of the Python program, and ours.
 *
 * @module
 */
import * as v from "valibot";
import { MountSchema } from "./worker_calls.ts";

/** What both programs' workers are tagged with. */
export const WORKER_TAG = "sleap-rtc";
/** Our worker understands `RPC::` (lib/protocol/rpc.ts). */
export const RPC_FEATURE = "rpc-1";
/** Property of our worker that accepts Python clients. */
export const LEGACY_PROPERTY = "allow_legacy";

const text = v.fallback(v.optional(v.string(), ""), "");

/** Properties of a worker, as far as clients look at them; anything else reads as its absence. */
export const WorkerPropertiesSchema = v.object({
  worker_name: text,
  /** `available`, `busy` or `reserved`. */
  status: text,
  hostname: text,
  gpu_model: text,
  /** MiB; 0 without a GPU. */
  gpu_memory_mb: v.fallback(v.optional(v.number(), 0), 0),
  features: v.fallback(v.optional(v.array(v.string()), []), []),
  mounts: v.fallback(v.optional(v.array(MountSchema), []), []),
});
/** Properties of a worker. */
export type WorkerProperties = v.InferOutput<typeof WorkerPropertiesSchema>;

/** Read the metadata of a peer in the room; nothing of it is proved. */
export function workerProperties(metadata: Record<string, unknown>): WorkerProperties {
  const parsed = v.safeParse(WorkerPropertiesSchema, metadata["properties"] ?? {});
  return parsed.success ? parsed.output : v.parse(WorkerPropertiesSchema, {});
}
