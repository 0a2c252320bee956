import { messageOf } from "../errors.ts";
import { encodeBlockFrame } from "../protocol/block_frame.ts";
import type { SendWindow } from "./send_window.ts";
import type { SourceFile } from "./source_file.ts";
import type { BlockChannel } from "./wire.ts";

/** Bytes in a frame. */
const PAYLOAD_BYTES = 16_384;

/** A file that the peer takes. */
export interface Outgoing {
  /** Names it in frames. */
  id: number;
  source: SourceFile;
  /** What its content was announced as, 64 hex digits. */
  sha256: string;
  window: SendWindow;
  /** The error for a channel that is closed. */
  lost(reason: string): Error;
}

/**
 * Send everything and wait until it was written, or send as much as the peer takes.
 *
 * @throws {ConflictError} when the file changes meanwhile
 * @throws the error of {@linkcode SendWindow.fail}, or that of {@linkcode Outgoing.lost}
 */
export async function sendContent(
  outgoing: Outgoing,
  blocks: Pick<BlockChannel, "send">,
): Promise<void> {
  const { id, source, sha256, window } = outgoing;
  for await (const payload of source.read(PAYLOAD_BYTES)) {
    if (!(await window.take(payload.length))) return;
    try {
      await blocks.send(encodeBlockFrame({ transfer: id, payload }));
    } catch (error) {
      throw outgoing.lost(messageOf(error));
    }
  }
  await source.assertUnchanged(sha256);
  await window.drained();
}
