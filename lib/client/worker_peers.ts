/**
 * Which worker of a room is meant.
 *
 * @module
 */
import { NotFoundError, UsageError } from "../errors.ts";
import {
  RPC_FEATURE,
  type WorkerProperties,
  workerProperties,
} from "../protocol/worker_metadata.ts";
import type { PeerInfo } from "../signaling/client.ts";
import { printable } from "../terminal/printable.ts";

/** A worker in the room, as the server tells it. */
export interface WorkerPeer {
  peerId: string;
  properties: WorkerProperties;
}

/** The workers that our client can speak to, the idle ones with most GPU memory first. */
export function workersOf(peers: readonly PeerInfo[]): WorkerPeer[] {
  return peers.filter(({ role }) => role === "worker")
    .map(({ peerId, metadata }) => ({ peerId, properties: workerProperties(metadata) }))
    .filter(({ properties }) => properties.features.includes(RPC_FEATURE))
    .sort(byUse);
}

/** What people call a worker. */
export function nameOf({ peerId, properties }: WorkerPeer): string {
  return properties.worker_name || peerId;
}

/** One line about a worker, for people. */
export function describeWorker(worker: WorkerPeer): string {
  const { status, gpu_model, gpu_memory_mb } = worker.properties;
  const memory = gpu_memory_mb > 0 ? `, ${Math.round(gpu_memory_mb / 1024)} GiB` : "";
  const text = `${nameOf(worker)}  ${status || "unknown"}  ${gpu_model || "unknown"}${memory}`;
  return printable(text);
}

/**
 * The workers that a person may mean: the named one, or all.
 *
 * @param wanted its name or peer ID
 * @returns at least one; several where it is not clear which is meant
 * @throws {NotFoundError} when there is none
 */
export function meantWorkers(
  workers: readonly WorkerPeer[],
  wanted: string | undefined,
  room: string,
): WorkerPeer[] {
  if (workers.length === 0) {
    throw new NotFoundError(`No worker is in room "${room}"`, {
      hint: "Start one on the machine with the GPU: sleap-rtc worker",
    });
  }
  if (wanted === undefined) return [...workers];
  const exact = workers.filter(({ peerId }) => peerId === wanted);
  const meant = exact.length > 0 ? exact : workers.filter((worker) => nameOf(worker) === wanted);
  if (meant.length > 0) return meant;
  throw new NotFoundError(`No worker "${wanted}" is in room "${room}"`, {
    hint: `There are: ${workers.map(nameOf).map(printable).join(", ")}`,
  });
}

/** The error of who must choose and cannot be asked. */
export function severalWorkers(workers: readonly WorkerPeer[]): UsageError {
  const names = workers.map(({ peerId }) => peerId).map(printable).join(", ");
  return new UsageError("Several workers are there, and it is not clear which is meant", {
    hint: `Name one with --worker, or take the first idle one with --auto-select: ${names}`,
  });
}

function byUse(a: WorkerPeer, b: WorkerPeer): number {
  const busy = (worker: WorkerPeer) => worker.properties.status === "available" ? 0 : 1;
  return busy(a) - busy(b) || b.properties.gpu_memory_mb - a.properties.gpu_memory_mb ||
    (nameOf(a) < nameOf(b) ? -1 : 1);
}
