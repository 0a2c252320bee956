/**
 * How the predictions of a job go from a worker to a client.
 *
 * ```
 * client → worker   download.begin {job_id, window}     answered {download, name, bytes, sha256, record}
 * client → worker   download.received {download, bytes} the first one, of 0 bytes, starts it
 * worker → client   frames on the blocks channel        [u32 download][payload], in order
 *                   at most `window` bytes are on their way that were not acknowledged
 * worker → client   download.failed {download}          no more comes: `download.end` tells why
 * client → worker   download.end {download}             answered null: that was the file, unchanged
 * client → worker   download.cancel {download}          no more is wanted
 * ```
 *
 * @module
 */
import * as v from "valibot";
import { MAX_FRAME_BYTES } from "./block_frame.ts";
import { PredictionRecordSchema } from "./prediction_record.ts";

/** The calls and the notifications. */
export const DOWNLOAD_METHODS = {
  begin: "download.begin",
  received: "download.received",
  failed: "download.failed",
  end: "download.end",
  cancel: "download.cancel",
} as const;

const download = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Whose predictions a client wants. */
export const DownloadBeginSchema = v.object({
  job_id: v.pipe(v.string(), v.regex(/^job_[0-9a-f]{8}$/)),
  /** How many bytes may be on their way without being acknowledged. */
  window: v.pipe(v.number(), v.integer(), v.minValue(MAX_FRAME_BYTES), v.maxValue(67_108_864)),
});

/** The answer to `download.begin`: nothing is sent yet. */
export const DownloadBegunSchema = v.object({
  /** Names the download in frames and messages of this connection. */
  download,
  /** The file's own name on the worker. */
  name: v.pipe(v.string(), v.maxLength(4_096)),
  /** Size in bytes. */
  bytes,
  /** SHA-256 of the content, 64 hex digits. */
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** The JSON that is beside it; null: there is none. */
  record: v.nullable(PredictionRecordSchema),
});
/** The answer to `download.begin`. */
export type DownloadBegun = v.InferOutput<typeof DownloadBegunSchema>;

/** Bytes since the begin of the file that the client has written. */
export const DownloadReceivedSchema = v.object({ download, bytes });

/** Parameters of `download.failed`, `download.end` and `download.cancel`. */
export const DownloadRefSchema = v.object({ download });
