import { findJoinedRoom, type JoinedRoom, joinedRooms } from "../../lib/credentials.ts";
import { enterRoom } from "../../lib/client/room_member.ts";
import { RemoteWorker, type RemoteWorkerOptions } from "../../lib/client/remote_worker.ts";
import {
  describeWorker,
  meantWorkers,
  nameOf,
  severalWorkers,
  type WorkerPeer,
  workersOf,
} from "../../lib/client/worker_peers.ts";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import { readLine } from "../../lib/terminal/input.ts";
import { isStderrTerminal, writeStderr } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";

/** How a worker is chosen. */
export interface ChooseOptions extends RemoteWorkerOptions {
  /** Name or peer ID. */
  worker?: string | undefined;
  /** Take the first idle one, without asking. */
  autoSelect?: boolean | undefined;
}

/** A worker that is connected. */
export interface ChosenWorker {
  worker: RemoteWorker;
  /** What `--worker` takes for it. */
  spelling: string;
}

/**
 * The joined room whose workers are meant.
 *
 * @param wanted value of `--room`
 * @param verb what is to be done, for the error: it can be done here, too
 * @throws {NotFoundError} when this machine has joined none, or not this one
 */
export async function roomToWorkIn(
  wanted: string | undefined,
  verb: "train" | "predict",
): Promise<JoinedRoom> {
  if ((await joinedRooms()).length > 0) return await findJoinedRoom(wanted);
  throw new NotFoundError("This machine has not joined a room", {
    hint: `Add --local to ${verb} on this machine, or ask a member of a room for a link ` +
      "(`sleap-rtc invite`) and run `sleap-rtc join LINK`.",
  });
}

/**
 * Connect to the worker that the user means; who it is is said on stderr.
 *
 * @throws {NotFoundError} when there is none
 * @throws {UsageError} when several are meant and nobody can be asked
 */
export async function connectToWorker(
  room: JoinedRoom,
  options: ChooseOptions,
): Promise<ChosenWorker> {
  await using signaling = await enterRoom(room);
  const workers = workersOf(await signaling.discover({ role: "worker" }));
  const meant = meantWorkers(workers, options.worker, room.room_id);
  const peer = await choose(meant, options.autoSelect ?? false);
  const isNameClear = workers.filter((worker) => nameOf(worker) === nameOf(peer)).length === 1;
  const spelling = isNameClear ? nameOf(peer) : peer.peerId;
  writeStderr(`worker: ${printable(spelling)}\n`);
  return { worker: await RemoteWorker.connect(signaling, room, peer, options), spelling };
}

async function choose(meant: readonly WorkerPeer[], isAuto: boolean): Promise<WorkerPeer> {
  const [first] = meant;
  if (first !== undefined && (meant.length === 1 || isAuto)) return first;
  if (!Deno.stdin.isTerminal() || !isStderrTerminal()) throw severalWorkers(meant);
  for (const [index, worker] of meant.entries()) {
    writeStderr(`${index + 1}  ${describeWorker(worker)}\n`);
  }
  writeStderr(`Which worker? [1-${meant.length}] `);
  const answer = await readLine();
  const chosen = meant[Number(answer) - 1] ??
    meant.find((worker) => worker.peerId === answer || nameOf(worker) === answer);
  if (chosen !== undefined) return chosen;
  throw new UsageError(answer ? `There is no worker "${answer}"` : "No worker was chosen", {
    hint: `Answer with a number from 1 to ${meant.length}, or name one with --worker.`,
  });
}
