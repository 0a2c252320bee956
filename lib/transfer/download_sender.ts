/**
 * The worker's side of downloads.
 *
 * @module
 */
import { ConflictError, ConnectionError, messageOf, NotFoundError } from "../errors.ts";
import { logger } from "../log.ts";
import {
  DOWNLOAD_METHODS,
  DownloadBeginSchema,
  type DownloadBegun,
  DownloadReceivedSchema,
  DownloadRefSchema,
} from "../protocol/download.ts";
import { sendContent } from "./send_content.ts";
import { SendWindow } from "./send_window.ts";
import { SourceFile } from "./source_file.ts";
import { type BlockChannel, type Calls, readMessage } from "./wire.ts";

const log = logger("transfer");
const MAX_DOWNLOADS = 3;

/** A file that a client may have. */
export interface SharedFile extends Omit<DownloadBegun, "download"> {
  /** Absolute path. */
  path: string;
}

/** Options of {@linkcode DownloadSender}. */
export interface DownloadSenderOptions {
  /**
   * How many downloads a connection may have at once.
   * @default {3}
   */
  maxDownloads?: number;
  /**
   * Called when a download begins; what it gives is disposed of when the download ends in any way.
   * @default {() => nothing}
   */
  transfer?: () => Disposable;
}

interface Download {
  readonly id: number;
  readonly file: SharedFile;
  readonly source: SourceFile;
  readonly window: SendWindow;
  readonly transfer: Disposable | undefined;
  /** Null: it was not started. */
  sending: Promise<void> | null;
}

/** The downloads of one connection. */
export class DownloadSender {
  readonly #find: (jobId: string) => Promise<SharedFile>;
  readonly #blocks: Pick<BlockChannel, "send">;
  readonly #notify: Calls["notify"];
  readonly #maxDownloads: number;
  readonly #transfer: (() => Disposable) | undefined;
  readonly #downloads = new Map<number, Download>();
  #count = 0;
  #lastId = 0;
  #isEnded = false;

  /** What the peer may call or tell, by method. */
  readonly handlers = {
    [DOWNLOAD_METHODS.begin]: (params: unknown) => this.#begin(params),
    [DOWNLOAD_METHODS.received]: (params: unknown) => this.#onReceived(params),
    [DOWNLOAD_METHODS.end]: (params: unknown) => this.#end(params),
    [DOWNLOAD_METHODS.cancel]: (params: unknown) => this.#cancel(params),
  };

  /** @param find the predictions of a job, or why they cannot be had */
  constructor(
    find: (jobId: string) => Promise<SharedFile>,
    blocks: Pick<BlockChannel, "send">,
    notify: Calls["notify"],
    options: DownloadSenderOptions = {},
  ) {
    this.#find = find;
    this.#blocks = blocks;
    this.#notify = notify;
    this.#maxDownloads = options.maxDownloads ?? MAX_DOWNLOADS;
    this.#transfer = options.transfer;
  }

  /** The connection has ended; resolved when nothing is read any more. */
  async close(): Promise<void> {
    this.#isEnded = true;
    const error = new ConnectionError("The client is gone");
    await Promise.all([...this.#downloads.values()].map((one) => this.#drop(one, error)));
  }

  async #begin(params: unknown): Promise<DownloadBegun> {
    const asked = readMessage(DownloadBeginSchema, params, DOWNLOAD_METHODS.begin);
    if (this.#count >= this.#maxDownloads) throw tooMany(asked.job_id, this.#count);
    this.#count++;
    try {
      return await this.#open(asked.job_id, asked.window);
    } catch (error) {
      this.#count--;
      throw error;
    }
  }

  async #open(jobId: string, window: number): Promise<DownloadBegun> {
    const file = await this.#find(jobId);
    const source = await SourceFile.open(file.path, "send");
    if (source.bytes !== file.bytes || this.#isEnded) {
      source[Symbol.dispose]();
      throw changed(file);
    }
    const id = ++this.#lastId;
    this.#downloads.set(id, {
      id,
      file,
      source,
      window: new SendWindow(window),
      transfer: this.#transfer?.(),
      sending: null,
    });
    const { name, bytes, sha256, record } = file;
    return { download: id, name, bytes, sha256, record };
  }

  #onReceived(params: unknown): void {
    const asked = readMessage(DownloadReceivedSchema, params, DOWNLOAD_METHODS.received);
    const download = this.#downloads.get(asked.download);
    if (download === undefined) return;
    download.window.acknowledge(asked.bytes);
    download.sending ??= this.#send(download);
    download.sending.catch(() => {});
  }

  async #send(download: Download): Promise<void> {
    const { id, file: { sha256 } } = download;
    try {
      const lost = (reason: string) => new ConnectionError(reason);
      await sendContent({ ...download, sha256, lost }, this.#blocks);
    } catch (error) {
      this.#notify(DOWNLOAD_METHODS.failed, { download: id })
        .catch((why) => log.debug(`Could not tell of a failure: ${messageOf(why)}`));
      throw error;
    }
  }

  async #end(params: unknown): Promise<null> {
    const { download: id } = readMessage(DownloadRefSchema, params, DOWNLOAD_METHODS.end);
    const download = this.#downloads.get(id);
    if (download === undefined) throw new NotFoundError(`There is no download ${id}`);
    try {
      await download.sending;
      return null;
    } finally {
      await this.#drop(download, new ConnectionError("The download has ended"));
    }
  }

  async #cancel(params: unknown): Promise<null> {
    const { download: id } = readMessage(DownloadRefSchema, params, DOWNLOAD_METHODS.cancel);
    const download = this.#downloads.get(id);
    if (download === undefined) return null;
    await this.#drop(download, new ConnectionError("The client wants no more"));
    return null;
  }

  async #drop(download: Download, why: Error): Promise<void> {
    if (!this.#downloads.delete(download.id)) return;
    download.transfer?.[Symbol.dispose]();
    download.window.fail(why);
    await download.sending?.catch(() => {});
    download.source[Symbol.dispose]();
    this.#count--;
  }
}

function tooMany(jobId: string, count: number): ConflictError {
  return new ConflictError(
    `Refused the predictions of job ${jobId}: ${count} downloads are under way`,
    { hint: "Wait until one of them has ended." },
  );
}

function changed({ path }: SharedFile): ConflictError {
  return new ConflictError(`Cannot send "${path}": it is not what the job has made any more`, {
    hint: "Run the job again.",
  });
}
