/**
 * A worker as a client uses it. While a job is watched, and for questions, the connection comes back
 * by itself when it is lost; an upload or a submission ends with it.
 *
 * @module
 */
import type * as v from "valibot";
import type { JoinedRoom } from "../credentials.ts";
import { ConnectionError, messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import type { JobEvent } from "../protocol/job_events.ts";
import type { TrainSubmission } from "../protocol/job_submit.ts";
import type { JobEndedNotice } from "../protocol/worker_calls.ts";
import type { SignalingClient } from "../signaling/client.ts";
import { typedCommand } from "../terminal/typed_command.ts";
import type { UploadedFile, UploadFileOptions } from "../transfer/upload.ts";
import { enterRoom } from "./room_member.ts";
import { WorkerLink } from "./worker_link.ts";
import { nameOf, type WorkerPeer } from "./worker_peers.ts";

const log = logger("client");
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 5_000;

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
    const link = await WorkerLink.connect(signaling, room, peer.peerId);
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
   * @throws {ConnectionError} when a lost connection does not come back in time
   */
  async ask<T>(
    method: string,
    params: unknown,
    schema: v.GenericSchema<unknown, T>,
  ): Promise<T> {
    while (true) {
      try {
        return await this.#link.call(method, params, schema);
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        await this.#comeBack(error, new AbortController().signal);
      }
    }
  }

  /** Give a file to the worker; a lost connection ends it. */
  async upload(path: string, options: UploadFileOptions = {}): Promise<UploadedFile> {
    return await this.#link.upload(path, options);
  }

  /** Ask for a training; its job's ID. */
  async submit(submission: Partial<TrainSubmission> & { type: "train" }): Promise<string> {
    return await this.#link.submit(submission, lookCommand(this.peer.peerId, this.#room));
  }

  /** How the job that was watched last ended; null while it has not. */
  get ended(): JobEndedNotice | null {
    return this.#ended;
  }

  /**
   * The events of a job, each once, until it has ended; over as many connections as it takes.
   *
   * @throws {ConnectionError} when a lost connection does not come back in time; the job goes on
   */
  async *watch(jobId: string, signal: AbortSignal): AsyncGenerator<JobEvent> {
    let seq = 0;
    this.#ended = null;
    while (true) {
      try {
        for await (const notice of this.#link.watch(jobId, seq, signal)) {
          if ("ended" in notice) {
            this.#ended = notice.ended;
            return;
          }
          seq = notice.event.seq;
          yield notice.event;
        }
        return;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        if (!signal.aborted) await this.#comeBack(error, signal);
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

  /** Returns without a connection when `signal` is aborted. */
  async #comeBack(lost: ConnectionError, signal: AbortSignal): Promise<void> {
    const { reconnectMs = 60_000, onChange } = this.#options;
    onChange?.(lost.message);
    await this.#link.close();
    const deadline = performance.now() + reconnectMs;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      if (performance.now() + pause > deadline) throw this.#goneError(lost);
      await sleep(pause * (0.5 + Math.random() / 2), signal);
      if (signal.aborted) return;
      try {
        this.#link = await this.#connectAgain(signal);
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
    return await WorkerLink.connect(signaling, this.#room, this.peer.peerId, signal);
  }

  #goneError(lost: ConnectionError): ConnectionError {
    return new ConnectionError(`${lost.message}, and worker "${nameOf(this.peer)}" is gone`, {
      hint: "A job that it has taken goes on there. Once the worker is back, look at its models: " +
        lookCommand(this.peer.peerId, this.#room),
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

function lookCommand(peerId: string, room: JoinedRoom): string {
  return typedCommand(["list-models", "--room", room.room_id, "--worker", peerId]);
}
