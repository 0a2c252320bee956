import { join } from "node:path";
import { Acknowledgements } from "../../lib/transfer/acknowledgements.ts";
import { ContentStore } from "../../lib/transfer/content_store.ts";
import {
  UploadReceiver,
  type UploadReceiverOptions,
  type UploadStore,
} from "../../lib/transfer/receiver.ts";
import type { UploadPeer } from "../../lib/transfer/wire.ts";
import { MemoryChannel } from "./memory_channel.ts";
import { type Handlers, RpcDouble } from "./rpc_double.ts";

/** A client that is connected to a worker, in memory. */
export class TransferPair implements AsyncDisposable {
  readonly #control: MemoryChannel;
  readonly #closed = Promise.withResolvers<{ reason: string }>();
  readonly #receiving: Promise<unknown>;
  /** The worker, as the client sees it. */
  readonly peer: UploadPeer;
  /** The client's end of the blocks channel. */
  readonly sending: MemoryChannel;
  /** The worker's end of the blocks channel. */
  readonly receiving: MemoryChannel;
  /** The params of all notifications, in order. */
  readonly notified: unknown[] = [];

  constructor(store: UploadStore, options: UploadReceiverOptions & { handlers?: Handlers } = {}) {
    const [clientControl, workerControl] = MemoryChannel.pair();
    [this.sending, this.receiving] = MemoryChannel.pair();
    const notify = (method: string, params: unknown): Promise<void> => {
      this.notified.push(params);
      return worker.notify(method, params);
    };
    const receiver = new UploadReceiver(store, this.receiving, notify, options);
    const worker = new RpcDouble(workerControl, { ...receiver.handlers, ...options.handlers });
    const acknowledgements = new Acknowledgements();
    const client = new RpcDouble(clientControl, acknowledgements.handlers);
    this.#control = clientControl;
    this.#receiving = Promise.all([receiver.run(), worker.ended, client.ended]);
    const closed = this.#closed.promise;
    this.peer = { calls: client, blocks: this.sending, acknowledgements, closed };
  }

  /** The connection is lost; resolved when the worker has dealt with it. */
  async lose(): Promise<void> {
    this.#control.end();
    this.sending.end();
    this.#closed.resolve({ reason: "the worker was silent for 5.0 s" });
    await this.#receiving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lose();
  }
}

/** A worker's root, and a folder with files to send. */
export class TransferBed implements AsyncDisposable {
  readonly #folder: string;
  /** The worker's root. */
  readonly root: string;
  /** Below {@linkcode root}. */
  readonly store: ContentStore;

  private constructor(folder: string) {
    this.#folder = folder;
    this.root = join(folder, "root");
    this.store = new ContentStore(this.root);
  }

  static async create(): Promise<TransferBed> {
    const bed = new TransferBed(await Deno.makeTempDir({ prefix: "sleap-rtc-transfer-" }));
    await Deno.mkdir(bed.root);
    return bed;
  }

  /** A path among the files to send. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Write a file to send. */
  async write(name: string, content: Uint8Array): Promise<string> {
    await Deno.writeFile(this.path(name), content);
    return this.path(name);
  }

  /** Everything below `uploads/`, relative and sorted; folders end with a slash. */
  async stored(folder = ""): Promise<string[]> {
    const found: string[] = [];
    const entries = await Array.fromAsync(Deno.readDir(join(this.root, "uploads", folder)))
      .catch(() => []);
    for (const { name, isDirectory } of entries) {
      if (!isDirectory) found.push(`${folder}${name}`);
      else found.push(`${folder}${name}/`, ...await this.stored(`${folder}${name}/`));
    }
    return found.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Bytes that differ at every place and repeat late. */
export function someBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, at) => (at * 31 + (at >> 8) * 7) % 251);
}
