/**
 * How a file goes from a client into a worker's content store.
 *
 * ```
 * client → worker   upload.begin {sha256, name, bytes}   answered {have: path} or {upload, window}
 * client → worker   frames on the blocks channel         [u32 upload][payload], in order
 * worker → client   upload.received {upload, bytes}      at most `window` bytes are unacknowledged
 * client → worker   upload.end {upload}                  answered {path}, or why it was not stored
 * client → worker   upload.cancel {upload}               what came is dropped
 * ```
 *
 * @module
 */
import * as v from "valibot";
import { MAX_FRAME_BYTES } from "./block_frame.ts";

/** The calls and the notification. */
export const UPLOAD_METHODS = {
  begin: "upload.begin",
  received: "upload.received",
  end: "upload.end",
  cancel: "upload.cancel",
} as const;

const upload = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4_096));

/** What a client wants to upload. */
export const UploadBeginSchema = v.object({
  /** SHA-256 of the content, 64 hex digits. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** The file's own name, without a folder; the store decides which names it takes. */
  name: v.pipe(v.string(), v.maxLength(4_096)),
  /** Size in bytes. */
  bytes,
});
/** What a client wants to upload. */
export type UploadBegin = v.InferOutput<typeof UploadBeginSchema>;

/** The answer to `upload.begin`. */
export const UploadBegunSchema = v.union([
  v.object({
    /** Path on the worker: nothing needs to be sent. */
    have: path,
  }),
  v.object({
    /** Names the upload in frames and messages of this connection. */
    upload,
    /** How many bytes may be on their way without being acknowledged. */
    window: v.pipe(v.number(), v.integer(), v.minValue(MAX_FRAME_BYTES), v.maxValue(67_108_864)),
  }),
]);
/** The answer to `upload.begin`. */
export type UploadBegun = v.InferOutput<typeof UploadBegunSchema>;

/** How far an upload came. */
export const UploadReceivedSchema = v.object({
  upload,
  /** Bytes since the begin of the file that were written. */
  bytes,
  /** True: no more is taken; `upload.end` tells why. */
  failed: v.optional(v.boolean(), false),
});
/** How far an upload came. */
export type UploadReceived = v.InferOutput<typeof UploadReceivedSchema>;

/** Parameters of `upload.end` and `upload.cancel`. */
export const UploadRefSchema = v.object({ upload });

/** The answer to `upload.end`. */
export const UploadEndedSchema = v.object({
  /** Path on the worker. */
  path,
});
