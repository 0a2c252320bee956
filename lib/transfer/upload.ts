/**
 * The client's side of uploads.
 *
 * @module
 */
import { basename } from "node:path";
import { ConnectionError, messageOf } from "../errors.ts";
import { digestFile, type FileDigests } from "../files/hash.ts";
import { logger } from "../log.ts";
import {
  UPLOAD_METHODS,
  type UploadBegin,
  UploadBegunSchema,
  UploadEndedSchema,
} from "../protocol/upload.ts";
import { sendContent } from "./send_content.ts";
import { SendWindow } from "./send_window.ts";
import { SourceFile } from "./source_file.ts";
import { assertStoredName } from "./stored_name.ts";
import { readMessage, type UploadPeer } from "./wire.ts";

const log = logger("transfer");

/** A slow disk may take so long to make a large file durable, in milliseconds. */
const END_TIMEOUT = 600_000;

/** Options of {@linkcode uploadFile}. */
export interface UploadFileOptions {
  /** Called when more has arrived, with what the worker has written, in bytes. */
  onProgress?(sentBytes: number, totalBytes: number): void;
  /** Gives up; the worker drops what it has. */
  signal?: AbortSignal;
}

/** A file that the worker has. */
export interface UploadedFile extends FileDigests {
  /** Absolute path on the worker. */
  path: string;
  /** Size in bytes. */
  bytes: number;
  /** Whether nothing had to be sent. */
  alreadyThere: boolean;
}

/** An upload that the worker has agreed to. */
interface Upload {
  id: number;
  source: SourceFile;
  announced: UploadBegin;
  window: SendWindow;
}

/**
 * Give a file to a worker, unless it is there. Its content is proved by SHA-256 and on the worker's
 * disk before this returns.
 *
 * @throws {NotFoundError} when there is no such file
 * @throws {UsageError} when it is not a file or its name cannot be stored
 * @throws {ConflictError} when it changes while it is sent
 * @throws {ConnectionError} when the connection is lost
 * @throws {SleapRtcError} when the worker cannot store it
 */
export async function uploadFile(
  path: string,
  peer: UploadPeer,
  options: UploadFileOptions = {},
): Promise<UploadedFile> {
  const name = basename(path);
  assertStoredName(name);
  options.signal?.throwIfAborted();
  using source = await SourceFile.open(path, "upload");
  const digests = await digestFile(path);
  options.signal?.throwIfAborted();
  const { bytes } = source;
  const announced = { sha256: digests.sha256, name, bytes };
  const begun = readMessage(
    UploadBegunSchema,
    await peer.calls.call(UPLOAD_METHODS.begin, announced),
    `the answer to ${UPLOAD_METHODS.begin}`,
  );
  if ("have" in begun) return { path: begun.have, ...digests, bytes, alreadyThere: true };
  const upload = { id: begun.upload, source, announced, window: new SendWindow(begun.window) };
  const stored = await send(upload, peer, options);
  return { path: stored, ...digests, bytes, alreadyThere: false };
}

async function send(
  upload: Upload,
  peer: UploadPeer,
  options: UploadFileOptions,
): Promise<string> {
  const { id: number, window } = upload;
  const onAbort = () => window.fail(options.signal?.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  peer.closed.then(({ reason }) => window.fail(lost(upload, reason)));
  using _acknowledgements = listen(upload, peer, options);
  try {
    await sendContent({
      ...upload,
      sha256: upload.announced.sha256,
      lost: (reason) => lost(upload, reason),
    }, peer.blocks);
    return await end(upload, peer);
  } catch (error) {
    peer.calls.call(UPLOAD_METHODS.cancel, { upload: number })
      .catch((why) => log.debug(`Could not cancel an upload: ${messageOf(why)}`));
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

/** Follow how far the worker has come. */
function listen(upload: Upload, peer: UploadPeer, options: UploadFileOptions): Disposable {
  const { id, window, announced } = upload;
  return peer.acknowledgements.listen(id, ({ bytes, failed }) => {
    if (failed) window.stop();
    else if (window.acknowledge(bytes)) {
      options.onProgress?.(window.acknowledged, announced.bytes);
    }
  });
}

async function end({ id, window }: Upload, { calls }: UploadPeer): Promise<string> {
  const call = calls.call(UPLOAD_METHODS.end, { upload: id }, { timeoutMs: END_TIMEOUT });
  const answer = await Promise.race([call, window.failed]);
  return readMessage(UploadEndedSchema, answer, `the answer to ${UPLOAD_METHODS.end}`).path;
}

function lost({ announced, window }: Upload, reason: string): ConnectionError {
  const progress = `${window.acknowledged} of ${announced.bytes} bytes had arrived`;
  return new ConnectionError(`Cannot upload "${announced.name}": ${reason} (${progress})`, {
    hint: "Run the command again when the worker can be reached.",
  });
}
