/**
 * One connection to a worker, and what is said on it.
 *
 * @module
 */
import * as v from "valibot";
import type { JoinedRoom } from "../credentials.ts";
import { ConnectionError, messageOf, UsageError } from "../errors.ts";
import { logger } from "../log.ts";
import { type JobEvent, readJobEvent } from "../protocol/job_events.ts";
import {
  decodeSubmit,
  encodeSubmit,
  type JobSubmission,
  type SubmitMessage,
} from "../protocol/job_submit.ts";
import {
  type JobEndedNotice,
  JobEndedNoticeSchema,
  JobEventNoticeSchema,
  JobEventsNoticeSchema,
  JobLostNoticeSchema,
  type JobQueuedNotice,
  JobQueuedNoticeSchema,
  WORKER_METHODS,
} from "../protocol/worker_calls.ts";
import { AsyncQueue } from "../rtc/async_queue.ts";
import { connectTo } from "../rtc/connect.ts";
import type { PeerConnection } from "../rtc/peer_connection.ts";
import { RpcPeer } from "../rtc/rpc_peer.ts";
import type { Signaling } from "../rtc/signaling.ts";
import { Acknowledgements } from "../transfer/acknowledgements.ts";
import {
  type DownloadedOutput,
  type DownloadOptions,
  downloadOutput,
} from "../transfer/download.ts";
import { IncomingFrames } from "../transfer/incoming_frames.ts";
import { type UploadedFile, uploadFile, type UploadFileOptions } from "../transfer/upload.ts";
import { type CallOptions, readMessage } from "../transfer/wire.ts";
import { lostError, rejectionError, workerError, type WorkerPlace } from "./worker_error.ts";
import { nameOf, type WorkerPeer } from "./worker_peers.ts";

const log = logger("client");

/** How long a worker may take to answer our goodbye to a job, in milliseconds. */
const GOODBYE_MS = 2_000;
/** A connection that has ended says so within this time, in milliseconds. */
const LOSS_MS = 1_000;

/** Something that happens in a watched job. */
export type JobNotice = { event: JobEvent } | { queued: JobQueuedNotice } | {
  ended: JobEndedNotice;
};

/** The worker's end of a watch: it can tell no more. */
interface LostNotice {
  lost: string;
}

/** A connection to one of our own workers. */
export class WorkerLink implements AsyncDisposable {
  readonly #connection: PeerConnection;
  readonly #place: WorkerPlace;
  readonly #rpc: RpcPeer;
  readonly #acknowledgements = new Acknowledgements();
  readonly #frames = new IncomingFrames();
  readonly #answers = new Map<string, (message: SubmitMessage) => void>();
  readonly #watched = new Map<string, AsyncQueue<JobNotice | LostNotice>>();
  #accepted: ((jobId: string) => void) | null = null;

  /**
   * Connect to a worker.
   *
   * @throws {NotAuthorisedError} when one side does not accept the other
   * @throws {ConnectionError} when it cannot be reached
   */
  static async connect(
    signaling: Signaling,
    room: JoinedRoom,
    peer: WorkerPeer,
    signal?: AbortSignal,
  ): Promise<WorkerLink> {
    const connection = await connectTo(signaling, peer.peerId, {
      room: room.room_id,
      secret: room.secret,
      ...(signal === undefined ? {} : { signal }),
    });
    return new WorkerLink(connection, { room: room.room_id, peer });
  }

  private constructor(connection: PeerConnection, place: WorkerPlace) {
    this.#connection = connection;
    this.#place = place;
    this.#rpc = new RpcPeer(connection.control, {
      peerId: nameOf(place.peer),
      readError: (error) => workerError(error, place),
      handlers: {
        ...this.#acknowledgements.handlers,
        ...this.#frames.handlers,
        [WORKER_METHODS.jobQueued]: (params) => this.#onQueued(params),
        [WORKER_METHODS.jobEvent]: (params) => this.#onEvent(params),
        [WORKER_METHODS.jobEvents]: (params) => this.#onEvents(params),
        [WORKER_METHODS.jobEnded]: (params) => this.#onEnded(params),
        [WORKER_METHODS.jobLost]: (params) => this.#onLost(params),
      },
      onOther: (message) => this.#onOther(message),
    });
    this.#frames.run(connection.blocks)
      .catch((error) => log.debug(`downloads: ${messageOf(error)}`));
    void connection.closed.then(() => {
      for (const queue of this.#watched.values()) queue.end();
    });
  }

  /** How the connection ended; pending while it lasts. */
  get closed(): PeerConnection["closed"] {
    return this.#connection.closed;
  }

  /** Ask the worker, and check its answer. */
  async call<T>(
    method: string,
    params: unknown,
    schema: v.GenericSchema<unknown, T>,
    options: CallOptions = {},
  ): Promise<T> {
    return readMessage(schema, await this.#rpc.call(method, params, options), method);
  }

  /** Has the connection ended? What was under way may notice a moment before. */
  async isLost(): Promise<boolean> {
    const { promise: waited, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), LOSS_MS);
    const lost = this.#connection.closed.then(() => true);
    return await Promise.race([lost, waited]).finally(() => clearTimeout(timer));
  }

  /** Give a file to the worker; see `uploadFile` in lib/transfer. */
  async upload(path: string, options: UploadFileOptions): Promise<UploadedFile> {
    using _transfer = this.#connection.transfer();
    return await uploadFile(path, {
      calls: this.#rpc,
      acknowledgements: this.#acknowledgements,
      blocks: this.#connection.blocks,
      closed: this.#connection.closed,
    }, options);
  }

  /** Fetch the predictions of a job; see `downloadOutput` in lib/transfer. */
  async download(jobId: string, options: DownloadOptions): Promise<DownloadedOutput> {
    using _transfer = this.#connection.transfer();
    const { closed } = this.#connection;
    return await downloadOutput(jobId, { calls: this.#rpc, frames: this.#frames, closed }, options);
  }

  /**
   * Ask for a job.
   *
   * @returns the job's ID: the job is on the worker's disk
   * @throws {SleapRtcError} why the worker does not take it
   * @throws {ConnectionError} when the connection ends before the answer
   */
  async submit(submission: JobSubmission): Promise<string> {
    const clientJobId = crypto.randomUUID().slice(0, 8);
    const answer = Promise.withResolvers<SubmitMessage>();
    this.#answers.set(clientJobId, answer.resolve);
    this.#accepted = (jobId) => answer.resolve({ type: "accepted", jobId });
    const lost = this.#connection.closed.then(({ reason }): never => {
      throw new ConnectionError(`The connection was lost before the worker answered: ${reason}`);
    });
    try {
      const message = encodeSubmit({ type: "submit", clientJobId, submission });
      await this.#connection.control.send(message).catch(tooLarge);
      const answered = await Promise.race([answer.promise, lost]);
      if (answered.type === "accepted") return answered.jobId;
      throw rejectionError(answered.type === "rejected" ? answered.errors : [], this.#place);
    } finally {
      this.#answers.delete(clientJobId);
      this.#accepted = null;
    }
  }

  /**
   * What happens in a job, from an event on; ends after the job has ended. Whoever leaves before
   * says goodbye: the worker knows it before this ends.
   *
   * @param afterSeq events up to this number are left out
   * @throws {ConnectionError} when the connection ends before the job
   * @throws {SleapRtcError} when the worker cannot tell of the job any more
   */
  async *watch(
    jobId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<JobNotice> {
    if (signal.aborted) return;
    const queue = new AsyncQueue<JobNotice | LostNotice>();
    this.#watched.set(jobId, queue);
    const { promise: left, resolve } = Promise.withResolvers<void>();
    const onAbort = () => {
      queue.end();
      resolve();
    };
    signal.addEventListener("abort", onAbort);
    let isOver = false;
    try {
      const params = { job_id: jobId, after_seq: afterSeq };
      const watching = this.call(WORKER_METHODS.watchJob, params, v.null()).catch((error) => {
        isOver = true;
        throw error;
      });
      await Promise.race([watching, left]);
      for await (const notice of queue) {
        if (signal.aborted) return;
        isOver = "lost" in notice || "ended" in notice;
        if ("lost" in notice) throw lostError(jobId, notice.lost, this.#place);
        yield notice;
        if (isOver) return;
      }
      if (signal.aborted) return;
      isOver = true;
      const { reason } = await this.#connection.closed;
      throw new ConnectionError(`The connection to the worker was lost: ${reason}`);
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#watched.delete(jobId);
      if (!isOver) await this.#unwatch(jobId);
    }
  }

  /** Say goodbye. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #unwatch(jobId: string): Promise<void> {
    try {
      const params = { job_id: jobId };
      await this.#rpc.call(WORKER_METHODS.unwatchJob, params, { timeoutMs: GOODBYE_MS });
    } catch (error) {
      log.debug(`goodbye to job ${jobId}: ${messageOf(error)}`);
    }
  }

  #onOther(message: string | Uint8Array): void {
    const decoded = typeof message === "string" ? decodeSubmit(message) : null;
    if (decoded?.type === "accepted") this.#accepted?.(decoded.jobId);
    else if (decoded?.type === "rejected") this.#answers.get(decoded.clientJobId)?.(decoded);
    else log.debug("a message that is not understood");
  }

  #onEvent(params: unknown): void {
    const notice = v.safeParse(JobEventNoticeSchema, params);
    if (notice.success) this.#takeEvent(notice.output.job_id, notice.output.event);
  }

  #onEvents(params: unknown): void {
    const notice = v.safeParse(JobEventsNoticeSchema, params);
    if (!notice.success) return;
    const { job_id, events } = notice.output;
    for (const event of events) this.#takeEvent(job_id, event);
  }

  #takeEvent(jobId: string, sent: unknown): void {
    const event = readJobEvent(sent);
    if (event === null) return log.debug("an event of a newer program is passed over");
    this.#watched.get(jobId)?.push({ event });
  }

  #onQueued(params: unknown): void {
    const queued = v.safeParse(JobQueuedNoticeSchema, params);
    if (queued.success) this.#watched.get(queued.output.job_id)?.push({ queued: queued.output });
  }

  #onLost(params: unknown): void {
    const lost = v.safeParse(JobLostNoticeSchema, params);
    if (lost.success) this.#watched.get(lost.output.job_id)?.push({ lost: lost.output.message });
  }

  #onEnded(params: unknown): void {
    const ended = v.safeParse(JobEndedNoticeSchema, params);
    if (ended.success) this.#watched.get(ended.output.job_id)?.push({ ended: ended.output });
  }
}

function tooLarge(error: unknown): never {
  if (!(error instanceof RangeError)) throw error;
  throw new UsageError("The job cannot be described in 64 KiB", {
    hint: "Give shorter names, or fewer configurations or arguments.",
    cause: error,
  });
}
