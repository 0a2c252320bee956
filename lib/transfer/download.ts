/**
 * The client's side of downloads.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { ConnectionError, messageOf } from "../errors.ts";
import { writeNew } from "../files/atomic_write.ts";
import { isFile } from "../files/file_info.ts";
import { putInPlace } from "../files/put_in_place.ts";
import { logger } from "../log.ts";
import { checkOutputPlace } from "../prediction/output_place.ts";
import { DOWNLOAD_METHODS, type DownloadBegun, DownloadBegunSchema } from "../protocol/download.ts";
import { type PredictionRecord, recordPath } from "../protocol/prediction_record.ts";
import { assertFreeSpace } from "./free_space.ts";
import type { IncomingFrames } from "./incoming_frames.ts";
import { IncomingFile } from "./incoming_file.ts";
import { partPath, removeOldParts } from "./part_file.ts";
import { storeError } from "./store_error.ts";
import { type Calls, readMessage } from "./wire.ts";

const log = logger("transfer");

/** How much may be on its way, in bytes; three at once stay below what a channel holds. */
const WINDOW_BYTES = 4_194_304;
/** The worker may still have to look at the file, in milliseconds. */
const END_TIMEOUT = 600_000;
const CANCEL_TIMEOUT = 2_000;
/** A file like any other that the user makes; the umask takes away from it. */
const MODE = 0o666;

/** The worker, as a download sees it. */
export interface DownloadPeer {
  /** On the control channel. */
  calls: Calls;
  /** Reads the blocks channel; its handlers take the notifications of the control channel. */
  frames: IncomingFrames;
  /** Resolved when the connection has ended in any way. */
  closed: Promise<{ reason: string }>;
}

/** Options of {@linkcode downloadOutput}. */
export interface DownloadOptions {
  /** Where the predictions are to be; their record is put beside them. */
  to: string;
  /** Replace what is there. @default {false} */
  overwrite?: boolean;
  /** Called when more has been written, in bytes. */
  onProgress?(receivedBytes: number, totalBytes: number): void;
  /** Gives up; nothing stays. */
  signal?: AbortSignal;
  /** How much may be on its way, in bytes, at least 65,536. @default {4_194_304} */
  windowBytes?: number;
}

/** Predictions that are here. */
export interface DownloadedOutput {
  path: string;
  /** 64 hex digits. */
  sha256: string;
  /** Size in bytes. */
  bytes: number;
  /** What the JSON beside them says; null: the worker has none. */
  record: PredictionRecord | null;
}

/** A download that the worker has agreed to. */
interface Download {
  begun: DownloadBegun;
  incoming: IncomingFile;
  windowBytes: number;
}

/**
 * Fetch the predictions of a job. They get their name when their SHA-256 is proved and they are on
 * the disk; whatever fails, nothing half-written stays.
 *
 * @throws {ConflictError} when something is in their place, or they changed on the worker
 * @throws {NotFoundError} when the job has none, or they are gone
 * @throws {ConnectionError} when the connection is lost
 * @throws {SleapRtcError} when the disk is full or fails
 */
export async function downloadOutput(
  jobId: string,
  peer: DownloadPeer,
  options: DownloadOptions,
): Promise<DownloadedOutput> {
  const { to, overwrite = false, signal, windowBytes = WINDOW_BYTES } = options;
  signal?.throwIfAborted();
  await checkOutputPlace(to, { overwrite });
  const begun = readMessage(
    DownloadBegunSchema,
    await peer.calls.call(DOWNLOAD_METHODS.begin, { job_id: jobId, window: windowBytes }),
    `the answer to ${DOWNLOAD_METHODS.begin}`,
  );
  const record = ownRecord(begun, jobId);
  try {
    const incoming = await makeRoom(begun, to, overwrite);
    try {
      await receive({ begun, incoming, windowBytes }, peer, options);
      // First: whatever fails, no record tells of predictions beside it that it did not see made.
      await writeRecord(record, to, overwrite);
      await incoming.commit().catch(async (error) => {
        if (record !== null) await Deno.remove(recordPath(to)).catch(() => {});
        throw error;
      });
    } finally {
      await incoming.discard();
    }
  } catch (error) {
    // Awaited: the next download must find its place free.
    const { download } = begun;
    await peer.calls.call(DOWNLOAD_METHODS.cancel, { download }, { timeoutMs: CANCEL_TIMEOUT })
      .catch((why) => log.debug(`Could not cancel a download: ${messageOf(why)}`));
    throw error;
  }
  return { path: to, sha256: begun.sha256, bytes: begun.bytes, record };
}

/** One that tells of another job, or of another file, is none. */
function ownRecord({ record, sha256 }: DownloadBegun, jobId: string): PredictionRecord | null {
  const isOwn = record?.job_id === jobId && record.output.sha256 === sha256;
  return isOwn ? record : null;
}

async function makeRoom(
  { sha256, bytes }: DownloadBegun,
  to: string,
  overwrite: boolean,
): Promise<IncomingFile> {
  await removeOldParts(to).catch((error) => log.debug(messageOf(error)));
  await assertFreeSpace(dirname(to), bytes);
  return await IncomingFile.create(
    { name: basename(to), sha256, bytes },
    { temp: partPath(to), path: to, mode: MODE },
    (temp) => putInPlace(temp, to, { overwrite }),
  );
}

/** Until everything is here and the worker says that it was the file. */
async function receive(
  download: Download,
  { calls, frames, closed }: DownloadPeer,
  { onProgress, signal }: DownloadOptions,
): Promise<void> {
  const { begun: { download: id, bytes: total }, incoming, windowBytes } = download;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const { promise: done, resolve: stop } = Promise.withResolvers<void>();
  let reported = 0;
  const acknowledge = async () => {
    reported = incoming.bytes;
    await calls.notify(DOWNLOAD_METHODS.received, { download: id, bytes: reported });
  };
  const take = async (payload: Uint8Array) => {
    try {
      await incoming.write(payload);
      onProgress?.(incoming.bytes, total);
      const isWhole = incoming.bytes === total;
      if (isWhole || incoming.bytes - reported >= windowBytes / 4) await acknowledge();
      if (isWhole) stop();
    } catch (error) {
      failed.reject(error);
    }
  };
  const onAbort = () => failed.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  closed.then(({ reason }) => failed.reject(lost(download, reason)));
  using _listening = frames.listen(id, { take, stop });
  try {
    await acknowledge();
    if (total > 0) await Promise.race([done, failed.promise]);
    const end = calls.call(DOWNLOAD_METHODS.end, { download: id }, { timeoutMs: END_TIMEOUT });
    await Promise.race([end, failed.promise]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function lost({ incoming, begun }: Download, reason: string): ConnectionError {
  const progress = `${incoming.bytes} of ${begun.bytes} bytes had arrived`;
  return new ConnectionError(`Cannot fetch "${begun.name}": ${reason} (${progress})`, {
    hint: "Run the command again when the worker can be reached.",
  });
}

async function writeRecord(
  record: PredictionRecord | null,
  to: string,
  overwrite: boolean,
): Promise<void> {
  const path = recordPath(to);
  const temp = partPath(path);
  try {
    if (record === null) return await removeRecord(path, overwrite);
    await writeNew(temp, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`));
    await putInPlace(temp, path, { overwrite });
  } catch (error) {
    throw storeError(path, error);
  } finally {
    await Deno.remove(temp).catch(() => {});
  }
}

/** That of the predictions that were replaced. */
async function removeRecord(path: string, overwrite: boolean): Promise<void> {
  if (overwrite && await isFile(path)) await Deno.remove(path);
}
