import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { PredictionRecord } from "../../lib/protocol/prediction_record.ts";
import type { DownloadPeer } from "../../lib/transfer/download.ts";
import {
  DownloadSender,
  type DownloadSenderOptions,
  type SharedFile,
} from "../../lib/transfer/download_sender.ts";
import { IncomingFrames } from "../../lib/transfer/incoming_frames.ts";
import { MemoryChannel } from "./memory_channel.ts";
import { type Handlers, RpcDouble } from "./rpc_double.ts";

/** The job whose predictions are fetched. */
export const TRACK_JOB = "job_22222222";

/** A file as a worker shares it. */
export async function sharedFile(path: string): Promise<SharedFile> {
  const content = await Deno.readFile(path);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const output = { sha256, bytes: content.length };
  return { path, name: basename(path), ...output, record: predictionRecord(output) };
}

/** What the JSON beside predictions says. */
export function predictionRecord(output: PredictionRecord["output"]): PredictionRecord {
  return {
    version: 1,
    job_id: TRACK_JOB,
    created_at: "2026-11-24T08:00:00.000Z",
    models: [{
      model_id: "a3f5e8c9",
      alias: "mouse-v2",
      model_type: "single_instance",
      checkpoint_path: "/lab/models/single_instance_a3f5e8c9/best.ckpt",
      sha256: "c".repeat(64),
    }],
    data: "clip.mp4",
    output,
    options: {},
    sleap_nn_version: "0.3.0",
    sleap_rtc_version: "0",
  };
}

/** A client that is connected, in memory, to a worker which shares one file. */
export class DownloadPair implements AsyncDisposable {
  readonly #control: MemoryChannel;
  readonly #closed = Promise.withResolvers<{ reason: string }>();
  readonly #ended: Promise<unknown>;
  readonly #sender: DownloadSender;
  /** The worker, as the client sees it. */
  readonly peer: DownloadPeer;
  /** The worker's end of the blocks channel. */
  readonly sending: MemoryChannel;
  /** The client's end of the blocks channel. */
  readonly receiving: MemoryChannel;

  constructor(
    find: (jobId: string) => Promise<SharedFile>,
    options: DownloadSenderOptions & { handlers?: Handlers } = {},
  ) {
    const [clientControl, workerControl] = MemoryChannel.pair();
    [this.receiving, this.sending] = MemoryChannel.pair();
    const notify = (method: string, params: unknown): Promise<void> =>
      worker.notify(method, params);
    this.#sender = new DownloadSender(find, this.sending, notify, options);
    const worker = new RpcDouble(workerControl, { ...this.#sender.handlers, ...options.handlers });
    const frames = new IncomingFrames();
    const calls = new RpcDouble(clientControl, frames.handlers);
    this.#control = clientControl;
    this.#ended = Promise.all([frames.run(this.receiving), worker.ended, calls.ended]);
    this.peer = { calls, frames, closed: this.#closed.promise };
  }

  /** The connection is lost; resolved when the worker has dealt with it. */
  async lose(): Promise<void> {
    this.#control.end();
    this.sending.end();
    this.#closed.resolve({ reason: "the worker was silent for 5.0 s" });
    await this.#ended;
    await this.#sender.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lose();
  }
}

/** A folder with a file of the worker, and one for what is fetched. */
export class DownloadBed implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<DownloadBed> {
    const bed = new DownloadBed(await Deno.makeTempDir({ prefix: "sleap-rtc-download-" }));
    await Deno.mkdir(join(bed.#folder, "here"));
    return bed;
  }

  /** The file of the worker. */
  get source(): string {
    return join(this.#folder, "predictions.slp");
  }

  /** Where it is to be. */
  get target(): string {
    return join(this.#folder, "here", "clip.predictions.slp");
  }

  /** Write the worker's file. */
  async write(content: Uint8Array): Promise<SharedFile> {
    await Deno.writeFile(this.source, content);
    return await sharedFile(this.source);
  }

  /** Names of what is on the client's side, sorted. */
  async here(): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(join(this.#folder, "here")));
    return entries.map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
