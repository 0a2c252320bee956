/**
 * A worker in its room: registered, and open to clients.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { dirname } from "node:path";
import type { JoinedRoom } from "../lib/credentials.ts";
import { ConflictError, ConnectionError, messageOf } from "../lib/errors.ts";
import { makeFolder } from "../lib/files/atomic_write.ts";
import { FileLock, heldError, readLockHolder } from "../lib/files/lock.ts";
import { logger } from "../lib/log.ts";
import type { Mount } from "../lib/protocol/worker_calls.ts";
import { LEGACY_PROPERTY, RPC_FEATURE, WORKER_TAG } from "../lib/protocol/worker_metadata.ts";
import { ModelRegistry } from "../lib/registry.ts";
import { acceptPeers } from "../lib/rtc/accept.ts";
import type { PeerConnection } from "../lib/rtc/peer_connection.ts";
import { authorizedKeys } from "../lib/signaling/http_api.ts";
import { ReconnectingSignaling } from "../lib/signaling/reconnecting.ts";
import { findSleapNn, type SleapNn } from "../lib/sleap_nn/executable.ts";
import { pythonOfTrainer } from "../lib/sleap_nn/trainer_python.ts";
import { inspectData } from "../lib/sleap_nn/input_data.ts";
import { labelsVideos } from "../lib/sleap_nn/labels_videos.ts";
import { VERSION } from "../lib/version.ts";
import { serveConnection } from "./connection.ts";
import { type Gpu, gpuInfo, gpuModel } from "./host/gpu.ts";
import { identifyProcess } from "./host/process_identity.ts";
import { workerLockPath } from "./job_folder.ts";
import { JobOrder } from "./view/job_order.ts";
import type { OnDisconnect } from "./requests/job_request.ts";
import { JobQueue } from "./queue.ts";
import { findAndRecoverJobs, type FoundJob } from "./recovery.ts";
import { reportRecovery } from "./recovery/report.ts";
import { resumeInterrupted } from "./resume/resume_interrupted.ts";
import { JobWatchers, loseDeadWatcher } from "./watchers.ts";
import { storesOf, type WorkerContext } from "./worker_context.ts";

const log = logger("worker");

/** How long clients may take to hear our goodbye, in milliseconds. */
const CLOSE_WAIT_MS = 3_000;

/** Options of {@linkcode Worker.start}. */
export interface WorkerOptions {
  room: JoinedRoom;
  /** Absolute path of the registry root. */
  root: string;
  /** What clients call it. */
  name: string;
  mounts: readonly Mount[];
  /** How many jobs may run at once. */
  maxJobs: number;
  /** What becomes of a job whose last watcher vanishes. */
  onDisconnect: OnDisconnect;
  /** Take up again what a crash or a power cut has interrupted. */
  resumeInterrupted: boolean;
  /** Accept Python clients, whose proof is not bound to the connection. */
  allowLegacy: boolean;
}

/** A worker: takes jobs of clients in its room until it is closed. */
export class Worker implements AsyncDisposable {
  /** Resolves with the reason when it cannot go on by itself. */
  readonly ended: Promise<string>;
  readonly #lock: FileLock;
  readonly #signaling: ReconnectingSignaling;
  readonly #queue: JobQueue;
  readonly #stop = new AbortController();
  readonly #served = new Set<Promise<void>>();

  /**
   * Enter the room.
   *
   * @throws {ConflictError} when another worker works in this root, or has this name
   * @throws {NotFoundError} when there is no sleap-nn
   * @throws {NotAuthorisedError} when the room does not let us in
   * @throws {ConnectionError} when the server cannot be reached
   */
  static async start(options: WorkerOptions): Promise<Worker> {
    const { root, room } = options;
    const lock = await lockRoot(root);
    try {
      const [trainer, gpus] = await Promise.all([findSleapNn(), gpuInfo()]);
      const registry = await ModelRegistry.open(root);
      const queue = await openQueue(registry, trainer, options);
      const by = await identifyProcess(Deno.pid);
      const watchers = new JobWatchers(by, options.onDisconnect);
      const signaling = await ReconnectingSignaling.connect({
        server: room.server,
        roomId: room.room_id,
        credential: room.account_key,
        peerId: peerIdOf(options),
        role: "worker",
        metadata: metadataOf(options, { gpus, trainer, status: statusOf(queue) }),
        onChange: (lost) =>
          lost === null ? log.info("back in the room") : log.warn(`out of the room: ${lost}`),
      });
      const worker = new Worker({ lock, signaling, queue });
      worker.#begin(options, { registry, trainer, watchers });
      return worker;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    parts: { lock: FileLock; signaling: ReconnectingSignaling; queue: JobQueue },
  ) {
    this.#lock = parts.lock;
    this.#signaling = parts.signaling;
    this.#queue = parts.queue;
    this.ended = this.#signaling.ended.then(({ kind, reason }) =>
      kind === "superseded" ? "another process entered the room in its place" : reason
    );
  }

  #begin(
    options: WorkerOptions,
    parts: { registry: ModelRegistry; trainer: SleapNn; watchers: JobWatchers },
  ): void {
    const { name, root, mounts } = options;
    const { trainer } = parts;
    void this.#serve(options, {
      info: { name, host: hostname(), root, version: VERSION, mounts: [...mounts] },
      registry: parts.registry,
      queue: this.#queue,
      watchers: parts.watchers,
      jobOrder: new JobOrder(root),
      videosOf: async (labels) => await labelsVideos(await pythonOfTrainer(trainer), labels),
      inspect: async (path, options) =>
        await inspectData(await pythonOfTrainer(trainer), path, options),
      ...storesOf(root, mounts),
    });
    if (options.allowLegacy) {
      log.warn("accepts Python peers, whose connection is not bound to the room's secret");
    }
    void this.#queue.start();
    void this.#tellStatus();
  }

  /** Leave the room, once what clients had under way is dropped; jobs go on. */
  async close(): Promise<void> {
    this.#stop.abort();
    const queueClosed = this.#queue.close();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_WAIT_MS);
    await Promise.race([Promise.allSettled(this.#served), late]);
    clearTimeout(timer);
    await queueClosed;
    await this.#signaling.close();
    this.#lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve({ room, allowLegacy }: WorkerOptions, context: WorkerContext): Promise<void> {
    const peers = acceptPeers(this.#signaling, {
      room: room.room_id,
      secret: room.secret,
      allowLegacy,
      authorizedKeys: () => keysOfMembers(room),
      signal: this.#stop.signal,
      onRefused: (peerId, error) => log.warn(`client "${peerId}" refused: ${error.message}`),
    });
    for await (const connection of peers) {
      this.#closeWithUs(connection);
      const served = serveConnection(connection, context)
        .catch((error) => log.error(`client "${connection.peerId}": ${messageOf(error)}`))
        .finally(() => this.#served.delete(served));
      this.#served.add(served);
    }
  }

  #closeWithUs(connection: PeerConnection): void {
    const { signal } = this.#stop;
    const close = () => void connection.close("the worker is ended");
    signal.addEventListener("abort", close, { once: true });
    void connection.closed.then(() => signal.removeEventListener("abort", close));
  }

  async #tellStatus(): Promise<void> {
    let told = statusOf(this.#queue);
    while (!this.#stop.signal.aborted) {
      const { changed } = this.#queue;
      const status = statusOf(this.#queue);
      if (status !== told) this.#say(status);
      told = status;
      await changed;
    }
  }

  #say(status: WorkerStatus): void {
    this.#signaling.updateMetadata({ properties: { status } }).catch((error) => {
      if (!(error instanceof ConnectionError)) log.warn(messageOf(error));
    });
  }
}

/** `available`: a job would start at once. */
type WorkerStatus = "available" | "busy";

function statusOf({ fill }: JobQueue): WorkerStatus {
  return fill.busyWith === null ? "available" : "busy";
}

/** The queue as the worker before has left it, looked at but not begun. */
async function openQueue(
  registry: ModelRegistry,
  trainer: SleapNn,
  { maxJobs, resumeInterrupted: isResuming }: WorkerOptions,
): Promise<JobQueue> {
  const found = await findAndRecoverJobs(registry);
  await loseDeadWatchers(found);
  await reportRecovery(found, registry);
  const ended = found.filter(({ life }) => life === "ended").map(({ folder }) => folder.jobId);
  const queue = new JobQueue(registry, { trainer: trainer.path, maxJobs, ended });
  await queue.look();
  if (isResuming) await resumeInterrupted(registry, queue);
  return queue;
}

async function loseDeadWatchers(found: readonly FoundJob[]): Promise<void> {
  for (const { folder, life } of found) {
    if (life !== "alive" && life !== "waiting") continue;
    await loseDeadWatcher(folder).catch((error) =>
      log.error(`cannot write who watches job ${folder.jobId}: ${messageOf(error)}`)
    );
  }
}

async function lockRoot(root: string): Promise<FileLock> {
  const path = workerLockPath(root);
  await makeFolder(dirname(path));
  const lock = await FileLock.tryAcquire(path);
  if (lock !== null) return lock;
  const { message } = heldError(path, await readLockHolder(path));
  throw new ConflictError(message, {
    hint: "A worker works in this folder already; end it, or name another with --working-dir DIR.",
  });
}

/** Another folder or machine with the same name is another peer; a restarted worker is the same. */
function peerIdOf({ name, root, room }: WorkerOptions): string {
  const hash = createHash("sha256").update(`${hostname()}\n${root}\n${room.account_key}`);
  return `${name}-${hash.digest("hex").slice(0, 4)}`;
}

function metadataOf(
  { name, mounts, maxJobs, allowLegacy }: WorkerOptions,
  { gpus, trainer, status }: { gpus: readonly Gpu[]; trainer: SleapNn; status: WorkerStatus },
): Record<string, unknown> {
  return {
    tags: [WORKER_TAG, "training"],
    properties: {
      worker_name: name,
      hostname: hostname(),
      status,
      gpu_model: gpuModel([...gpus]),
      gpu_memory_mb: Math.max(0, ...gpus.map(({ memoryMib }) => memoryMib ?? 0)),
      sleap_nn_version: trainer.version ?? "unknown",
      sleap_rtc_version: VERSION,
      max_concurrent_jobs: maxJobs,
      supported_job_types: ["training", "inference"],
      mounts: [...mounts],
      features: [RPC_FEATURE],
      ...(allowLegacy ? { [LEGACY_PROPERTY]: true } : {}),
    },
  };
}

/** Who holds none of these keys may still prove to know the room's secret. */
async function keysOfMembers(
  { server, room_id, account_key }: JoinedRoom,
): Promise<readonly string[]> {
  try {
    return await authorizedKeys(server, room_id, account_key);
  } catch (error) {
    log.warn(`cannot ask for the keys of the room's members: ${messageOf(error)}`);
    return [];
  }
}
