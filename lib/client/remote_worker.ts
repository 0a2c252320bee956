/**
 * A worker as a client uses it. The connection comes back by itself when it is lost; only an upload
 * ends with it.
 *
 * @module
 */
import type * as v from "valibot";
import type { JoinedRoom } from "../credentials.ts";
import { ConnectionError, messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import type { JobSubmission } from "../protocol/job_submit.ts";
import type { JobEndedNotice } from "../protocol/worker_calls.ts";
import type { SignalingClient } from "../signaling/client.ts";
import { typedCommand } from "../terminal/typed_command.ts";
import type { DownloadedOutput, DownloadOptions } from "../transfer/download.ts";
import type { UploadedFile, UploadFileOptions } from "../transfer/upload.ts";
import type { CallOptions } from "../transfer/wire.ts";
import { enterRoom } from "./room_member.ts";
import { placeOptions } from "./worker_error.ts";
import { type JobNotice, WorkerLink } from "./worker_link.ts";
import { nameOf, type WorkerPeer } from "./worker_peers.ts";

const log = logger("client");
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5_000;
const LOOK_AT_JOBS = ["jobs", "list"];
/** A connection that is lost so often during one question will not last for its answer either. */
const MAX_LOSSES = 5;

/** Something that happens in a watched job before its end. */
export type WatchedNotice = Exclude<JobNotice, { ended: unknown }>;

/** Options of {@linkcode RemoteWorker.connect}. */
export interface RemoteWorkerOptions {
  /** How long a lost connection is tried to be made again, in milliseconds. @default {60_000} */
  reconnectMs?: number;
  /** Told when the connection is lost (with the reason) and when it is back (null). */
  onChange?: (lost: string | null) => void;
}

/** One of our own workers, connected. */
export class RemoteWorker implements AsyncDisposable {
  readonly peer: WorkerPeer;
  readonly #room: JoinedRoom;
  readonly #options: RemoteWorkerOptions;
  #link: WorkerLink;
  #ended: JobEndedNotice | null = null;

  /**
   * Connect to a worker in the room.
   *
   * @param signaling our place in the room; not needed any more afterwards
   * @throws {NotAuthorisedError} when one side does not accept the other
   * @throws {ConnectionError} when it cannot be reached
   */
  static async connect(
    signaling: SignalingClient,
    room: JoinedRoom,
    peer: WorkerPeer,
    options: RemoteWorkerOptions = {},
  ): Promise<RemoteWorker> {
    const link = await WorkerLink.connect(signaling, room, peer);
    return new RemoteWorker(link, room, peer, options);
  }

  private constructor(
    link: WorkerLink,
    room: JoinedRoom,
    peer: WorkerPeer,
    options: RemoteWorkerOptions,
  ) {
    this.#link = link;
    this.#room = room;
    this.peer = peer;
    this.#options = options;
  }

  /**
   * Ask the worker something that may be asked twice; see lib/protocol/worker_calls.ts.
   *
   * @throws {ConnectionError} when a lost connection does not come back in time, or is lost again and
   *   again, or the answer takes too long
   */
  async ask<T>(
    method: string,
    params: unknown,
    schema: v.GenericSchema<unknown, T>,
    options: CallOptions = {},
  ): Promise<T> {
    return await this.#untilAnswered(
      () => this.#link.call(method, params, schema, options),
      LOOK_AT_JOBS,
    );
  }

  /** Give a file to the worker; a lost connection ends it. */
  async upload(path: string, options: UploadFileOptions = {}): Promise<UploadedFile> {
    return await this.#link.upload(path, options);
  }

  /**
   * Ask for a job. However often the connection is lost meanwhile, the worker takes it once.
   *
   * @returns its job's ID: the job is on the worker's disk
   * @throws {SleapRtcError} why the worker does not take it
   * @throws {ConnectionError} when a lost connection does not come back in time
   */
  async submit(submission: JobSubmission): Promise<string> {
    const keyed = { ...submission, idempotency_key: crypto.randomUUID() };
    return await this.#untilAnswered(() => this.#link.submit(keyed), LOOK_AT_JOBS);
  }

  /**
   * Fetch the predictions of a job, with the record beside them. When the connection is lost it
   * comes back and begins again.
   *
   * @throws {ConflictError} when something is in their place, or they changed on the worker
   * @throws {NotFoundError} when the job has none, or they are gone
   * @throws {ConnectionError} when a lost connection does not come back in time
   */
  async fetchOutput(jobId: string, options: DownloadOptions): Promise<DownloadedOutput> {
    return await this.#untilAnswered(
      () => this.#link.download(jobId, options),
      ["jobs", "attach", jobId],
      options.signal,
    );
  }

  /** How the job that was watched last ended; null while it has not. */
  get ended(): JobEndedNotice | null {
    return this.#ended;
  }

  /**
   * What happens in a job, each event once, until it has ended; over as many connections as it
   * takes.
   *
   * @param afterSeq events up to this number are left out
   * @throws {ConnectionError} when a lost connection does not come back in time; the job goes on
   */
  async *watch(
    jobId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<WatchedNotice> {
    let seq = afterSeq;
    this.#ended = null;
    while (true) {
      try {
        for await (const notice of this.#link.watch(jobId, seq, signal)) {
          if ("ended" in notice) {
            this.#ended = notice.ended;
            return;
          }
          if ("event" in notice) seq = notice.event.seq;
          yield notice;
        }
        return;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        if (!signal.aborted) await this.#comeBack(error, ["jobs", "attach", jobId], signal);
        if (signal.aborted) return;
      }
    }
  }

  /** Say goodbye. */
  async close(): Promise<void> {
    await this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** An error that came as an answer, or a late answer, is no reason to ask again. */
  async #untilAnswered<T>(
    ask: () => Promise<T>,
    next: readonly string[],
    signal?: AbortSignal,
  ): Promise<T> {
    for (let losses = 1;; losses++) {
      try {
        return await ask();
      } catch (error) {
        const isLost = error instanceof ConnectionError && await this.#link.isLost();
        if (!isLost || losses >= MAX_LOSSES) throw error;
        await this.#comeBack(error, next, signal);
      }
    }
  }

  /**
   * Returns without a connection when `signal` is aborted.
   *
   * @param next what to type once the worker is back, should it stay away
   */
  async #comeBack(
    lost: ConnectionError,
    next: readonly string[],
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    const { reconnectMs = 60_000, onChange } = this.#options;
    onChange?.(lost.message);
    await this.#link.close();
    const deadline = performance.now() + reconnectMs;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      if (performance.now() + pause > deadline) throw this.#goneError(lost, next);
      await sleep(pause * (0.5 + Math.random() / 2), signal);
      if (signal.aborted) return;
      try {
        const left = AbortSignal.timeout(Math.max(0, deadline - performance.now()));
        this.#link = await this.#connectAgain(AbortSignal.any([signal, left]));
        onChange?.(null);
        return;
      } catch (error) {
        log.debug(messageOf(error));
      }
    }
  }

  /** Its peer ID stays the same, also when the worker was started again. */
  async #connectAgain(signal: AbortSignal): Promise<WorkerLink> {
    await using signaling = await enterRoom(this.#room, signal);
    return await WorkerLink.connect(signaling, this.#room, this.peer, signal);
  }

  #goneError(lost: ConnectionError, next: readonly string[]): ConnectionError {
    const place = placeOptions({ room: this.#room.room_id, peer: this.peer });
    return new ConnectionError(`${lost.message}, and worker "${nameOf(this.peer)}" is gone`, {
      hint: "A job that it has taken goes on there. Once the worker is back: " +
        typedCommand([...next, ...place]),
      cause: lost,
    });
  }
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", onAbort);
}
