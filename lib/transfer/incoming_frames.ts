import * as v from "valibot";
import { logger } from "../log.ts";
import { decodeBlockFrame } from "../protocol/block_frame.ts";
import { DOWNLOAD_METHODS, DownloadRefSchema } from "../protocol/download.ts";
import type { BlockChannel } from "./wire.ts";

const log = logger("transfer");

/** What a download is told by the worker. */
export interface FrameTaker {
  /** The next bytes; the next message waits for it. Never rejected. */
  take(payload: Uint8Array): Promise<void>;
  /** No more comes. */
  stop(): void;
}

/** Hands what a worker sends to the downloads that wait for it. One for each connection. */
export class IncomingFrames {
  readonly #takers = new Map<number, FrameTaker>();

  /** Takes the worker's notifications, by method; what cannot be read is ignored. */
  readonly handlers = {
    [DOWNLOAD_METHODS.failed]: (params: unknown) => {
      const { success, output } = v.safeParse(DownloadRefSchema, params);
      if (success) this.#takers.get(output.download)?.stop();
    },
  };

  /** Take what comes until the channel ends. */
  async run(blocks: Pick<BlockChannel, typeof Symbol.asyncIterator>): Promise<void> {
    for await (const message of blocks) {
      const frame = decodeBlockFrame(message);
      const taker = frame === null ? undefined : this.#takers.get(frame.transfer);
      if (frame === null || taker === undefined) {
        log.debug("Ignored a message that belongs to no download");
        continue;
      }
      await taker.take(frame.payload);
    }
  }

  /** Hear of one download until the result is disposed of. */
  listen(download: number, taker: FrameTaker): Disposable {
    this.#takers.set(download, taker);
    return { [Symbol.dispose]: () => this.#takers.delete(download) };
  }
}
