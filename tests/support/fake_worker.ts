/**
 * A worker in a room that answers what a test wants.
 *
 * @module
 */
import type { JoinedRoom } from "../../lib/credentials.ts";
import { NotFoundError } from "../../lib/errors.ts";
import {
  decodeSubmit,
  encodeSubmit,
  type SubmitMessage,
  type TrainSubmission,
} from "../../lib/protocol/job_submit.ts";
import { type JobSummary, WORKER_METHODS } from "../../lib/protocol/worker_calls.ts";
import { RPC_FEATURE } from "../../lib/protocol/worker_metadata.ts";
import { acceptPeers } from "../../lib/rtc/accept.ts";
import type { PeerConnection } from "../../lib/rtc/peer_connection.ts";
import { RpcPeer } from "../../lib/rtc/rpc_peer.ts";
import { SignalingClient } from "../../lib/signaling/client.ts";
import { Inbox } from "./inbox.ts";

/** A client that is connected. */
export interface FakeClient {
  connection: PeerConnection;
  rpc: RpcPeer;
}

/** Answers one method for one client. */
export type FakeHandler = (params: unknown, client: FakeClient) => unknown;

/** Options of {@linkcode FakeWorker.enter}. */
export interface FakeWorkerOptions {
  handlers?: Record<string, FakeHandler>;
  /** Answers a submission: the job's ID; null: no answer. */
  onSubmit?: (submission: Partial<TrainSubmission>, client: FakeClient) => string | null;
}

/** The worker; out of the room at the end of its scope. */
export class FakeWorker implements AsyncDisposable {
  /** Every call and how every connection ended: `jobs.watch`, `goodbye`. */
  readonly seen = new Inbox<string>();
  readonly #signaling: SignalingClient;
  readonly #options: FakeWorkerOptions;
  readonly #stop = new AbortController();
  readonly #serving: Promise<void>;

  /** Enter a room. */
  static async enter(
    room: JoinedRoom,
    name: string,
    options: FakeWorkerOptions = {},
  ): Promise<FakeWorker> {
    const signaling = await SignalingClient.connect({
      server: room.server,
      roomId: room.room_id,
      credential: room.account_key,
      peerId: name,
      role: "worker",
      metadata: { properties: { worker_name: name, features: [RPC_FEATURE] } },
    });
    return new FakeWorker(signaling, room, options);
  }

  private constructor(signaling: SignalingClient, room: JoinedRoom, options: FakeWorkerOptions) {
    this.#signaling = signaling;
    this.#options = options;
    this.#serving = this.#serve(room);
  }

  /** What is seen up to this. */
  async seenUntil(what: string): Promise<string[]> {
    const seen = [await this.seen.next()];
    while (seen.at(-1) !== what) seen.push(await this.seen.next());
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#signaling.close();
    await this.#serving;
  }

  async #serve(room: JoinedRoom): Promise<void> {
    const { signal } = this.#stop;
    const trust = { room: room.room_id, secret: room.secret, signal };
    const served: Promise<unknown>[] = [];
    for await (const connection of acceptPeers(this.#signaling, trust)) {
      const close = () => void connection.close();
      signal.addEventListener("abort", close);
      served.push(this.#serveClient(connection));
    }
    await Promise.all(served);
  }

  async #serveClient(connection: PeerConnection): Promise<void> {
    const handlers = Object.entries({ ...this.#options.handlers }).map(([method, handler]) => [
      method,
      (params: unknown) => {
        this.seen.push(method);
        return handler(params, client);
      },
    ]);
    const rpc: RpcPeer = new RpcPeer(connection.control, {
      peerId: connection.peerId,
      handlers: Object.fromEntries(handlers),
      onOther: (message) => void this.#onSubmit(decodeSubmit(String(message)), client),
    });
    const client: FakeClient = { connection, rpc };
    this.seen.push((await connection.closed).how);
  }

  async #onSubmit(message: SubmitMessage | null, client: FakeClient): Promise<void> {
    if (message?.type !== "submit") return;
    this.seen.push("submit");
    const submission = message.submission as Partial<TrainSubmission>;
    const jobId = this.#options.onSubmit?.(submission, client) ?? null;
    if (jobId === null) return;
    await client.connection.control.send(encodeSubmit({ type: "accepted", jobId }));
  }
}

/** A job as `jobs.list` gives it. */
export function jobSummary(job_id: string, more: Partial<JobSummary> = {}): JobSummary {
  return {
    job_id,
    type: "train",
    status: "running",
    position: null,
    reason: null,
    created_at: "2026-11-24T08:00:00.000Z",
    finished_at: null,
    error: null,
    requested: null,
    resumed_from: null,
    models: [{
      model_id: "aaaa0000",
      model_type: "centroid",
      status: "training",
      epochs_completed: 3,
      max_epochs: 10,
    }],
    ...more,
  };
}

/** The calls of a worker that has these jobs and tells nothing of them. */
export function jobHandlers(jobs: readonly JobSummary[]): Record<string, FakeHandler> {
  return {
    [WORKER_METHODS.listJobs]: () => ({ jobs, next: null }),
    [WORKER_METHODS.describeJob]: (params) => {
      const { job_id } = params as { job_id: string };
      const job = jobs.find((job) => job.job_id === job_id);
      if (job === undefined) throw new NotFoundError(`The worker has no job "${job_id}"`);
      const model_types = job.models.map(({ model_type }) => model_type);
      return { model_types, log_path: "log.txt", warnings: [] };
    },
    [WORKER_METHODS.unwatchJob]: () => null,
  };
}
