/**
 * The worker's side of uploads.
 *
 * @module
 */
import { ConflictError, ConnectionError, messageOf, NotFoundError } from "../errors.ts";
import { logger } from "../log.ts";
import { decodeBlockFrame } from "../protocol/block_frame.ts";
import {
  UPLOAD_METHODS,
  type UploadBegin,
  UploadBeginSchema,
  type UploadBegun,
  type UploadReceived,
  UploadRefSchema,
} from "../protocol/upload.ts";
import type { ContentStore } from "./content_store.ts";
import type { IncomingFile } from "./incoming_file.ts";
import { type BlockChannel, type Calls, readMessage } from "./wire.ts";

const log = logger("transfer");

/** Together less than a channel holds for its reader: 16 MiB (lib/rtc). */
const DEFAULTS = { windowBytes: 4_194_304, maxUploads: 3 };

/** Where uploads go. */
export type UploadStore = Pick<ContentStore, "find" | "begin">;

/** Options of {@linkcode UploadReceiver}. */
export interface UploadReceiverOptions {
  /**
   * How much of one upload may be on its way, in bytes, at least 65,536: werift takes in whatever
   * comes, so this bounds the memory.
   * @default {4_194_304}
   */
  windowBytes?: number;
  /**
   * How many uploads a connection may have at once.
   * @default {3}
   */
  maxUploads?: number;
  /**
   * Called when an upload begins; what it gives is disposed of when the upload ends in any way.
   * @default {() => nothing}
   */
  transfer?: () => Disposable;
}

interface Upload {
  readonly id: number;
  readonly announced: UploadBegin;
  readonly incoming: IncomingFile;
  readonly transfer: Disposable | undefined;
  /** What the client knows of, in bytes. */
  reported: number;
  /** Why no more is taken. */
  failure: { error: unknown } | null;
}

/** The uploads of one connection. */
export class UploadReceiver {
  readonly #store: UploadStore;
  readonly #blocks: AsyncIterable<string | Uint8Array>;
  readonly #notify: Calls["notify"];
  readonly #windowBytes: number;
  readonly #maxUploads: number;
  readonly #transfer: (() => Disposable) | undefined;
  readonly #uploads = new Map<number, Upload>();
  readonly #commits = new Set<Promise<unknown>>();
  #count = 0;
  #lastId = 0;
  #isEnded = false;

  /** What the peer may call, by method. */
  readonly handlers = {
    [UPLOAD_METHODS.begin]: (params: unknown) => this.#begin(params),
    [UPLOAD_METHODS.end]: (params: unknown) => this.#end(params),
    [UPLOAD_METHODS.cancel]: (params: unknown) => this.#cancel(params),
  };

  /** @param blocks read by {@linkcode run}, and by nobody else */
  constructor(
    store: UploadStore,
    blocks: Pick<BlockChannel, typeof Symbol.asyncIterator>,
    notify: Calls["notify"],
    options: UploadReceiverOptions = {},
  ) {
    this.#store = store;
    this.#blocks = blocks;
    this.#notify = notify;
    this.#windowBytes = options.windowBytes ?? DEFAULTS.windowBytes;
    this.#maxUploads = options.maxUploads ?? DEFAULTS.maxUploads;
    this.#transfer = options.transfer;
  }

  /** Take what comes until the channel ends, then drop what is not whole. */
  async run(): Promise<void> {
    try {
      for await (const message of this.#blocks) await this.#receive(message);
    } finally {
      this.#isEnded = true;
      const unfinished = [...this.#uploads.values()];
      for (const upload of unfinished) upload.transfer?.[Symbol.dispose]();
      this.#uploads.clear();
      await Promise.all(unfinished.map(({ incoming }) => incoming.discard()));
      await Promise.allSettled(this.#commits);
    }
  }

  async #begin(params: unknown): Promise<UploadBegun> {
    const announced = readMessage(UploadBeginSchema, params, UPLOAD_METHODS.begin);
    const { sha256, name, bytes } = announced;
    this.#assertMayBegin(name);
    this.#count++;
    try {
      const have = await this.#store.find(sha256, name, { bytes });
      if (have === null) return await this.#open(announced);
      this.#count--;
      return { have };
    } catch (error) {
      this.#count--;
      throw error;
    }
  }

  #assertMayBegin(name: string): void {
    if (this.#count < this.#maxUploads) return;
    throw new ConflictError(
      `Refused ${JSON.stringify(name.slice(0, 200))}: ${this.#count} uploads are under way`,
      { hint: "Wait until one of them has ended." },
    );
  }

  async #open(announced: UploadBegin): Promise<UploadBegun> {
    const incoming = await this.#store.begin(announced);
    if (this.#isEnded) {
      await incoming.discard();
      throw new ConnectionError(`Cannot take "${announced.name}": the connection has ended`);
    }
    const id = ++this.#lastId;
    const transfer = this.#transfer?.();
    this.#uploads.set(id, { id, announced, incoming, transfer, reported: 0, failure: null });
    return { upload: id, window: this.#windowBytes };
  }

  async #end(params: unknown): Promise<{ path: string }> {
    const upload = this.#take(params, UPLOAD_METHODS.end);
    if (upload === undefined) {
      throw new NotFoundError("Cannot end an upload that is not under way");
    }
    const commit = this.#commit(upload);
    this.#commits.add(commit);
    try {
      return { path: await commit };
    } finally {
      this.#commits.delete(commit);
      this.#count--;
    }
  }

  async #commit({ incoming, failure }: Upload): Promise<string> {
    if (failure !== null) throw failure.error;
    return await incoming.commit();
  }

  async #cancel(params: unknown): Promise<null> {
    const upload = this.#take(params, UPLOAD_METHODS.cancel);
    if (upload === undefined) return null;
    await upload.incoming.discard();
    this.#count--;
    return null;
  }

  #take(params: unknown, method: string): Upload | undefined {
    const { upload: id } = readMessage(UploadRefSchema, params, method);
    const upload = this.#uploads.get(id);
    this.#uploads.delete(id);
    upload?.transfer?.[Symbol.dispose]();
    return upload;
  }

  async #receive(message: string | Uint8Array): Promise<void> {
    const frame = decodeBlockFrame(message);
    const upload = frame === null ? undefined : this.#uploads.get(frame.transfer);
    if (frame === null || upload === undefined) {
      log.debug("Ignored a message that belongs to no upload");
      return;
    }
    if (upload.failure !== null) return;
    try {
      await upload.incoming.write(frame.payload);
    } catch (error) {
      await this.#fail(upload, error);
      return;
    }
    await this.#reportProgress(upload);
  }

  async #fail(upload: Upload, error: unknown): Promise<void> {
    if (!this.#uploads.has(upload.id)) return;
    upload.failure = { error };
    await upload.incoming.discard();
    await this.#tell({ upload: upload.id, bytes: upload.incoming.bytes, failed: true });
  }

  async #reportProgress(upload: Upload): Promise<void> {
    const { bytes } = upload.incoming;
    const isWhole = bytes === upload.announced.bytes;
    if (!isWhole && bytes - upload.reported < this.#windowBytes / 4) return;
    if (!this.#uploads.has(upload.id)) return;
    upload.reported = bytes;
    await this.#tell({ upload: upload.id, bytes, failed: false });
  }

  /** A connection that has ended is noticed by {@linkcode run}. */
  async #tell(received: UploadReceived): Promise<void> {
    try {
      await this.#notify(UPLOAD_METHODS.received, received);
    } catch (error) {
      log.debug(`Could not acknowledge: ${messageOf(error)}`);
    }
  }
}
