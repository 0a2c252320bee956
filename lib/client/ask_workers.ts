import type { JoinedRoom } from "../credentials.ts";
import { messageOf, SleapRtcError } from "../errors.ts";
import { logger } from "../log.ts";
import { enterRoom } from "./room_member.ts";
import { WorkerLink } from "./worker_link.ts";
import { meantWorkers, nameOf, type WorkerPeer, workersOf } from "./worker_peers.ts";

const log = logger("client");

/**
 * Ask a room's workers, or one of them, the same: all at once. A worker that cannot be asked is a
 * warning in the log, unless none can.
 *
 * @param wanted name or peer ID of a worker; undefined: all
 * @returns the answers, in the order of the workers
 * @throws {NotFoundError} when there is no such worker
 * @throws {SleapRtcError} why none can be asked
 */
export async function askWorkers<T>(
  room: JoinedRoom,
  wanted: string | undefined,
  ask: (link: WorkerLink, peer: WorkerPeer) => Promise<T>,
): Promise<T[]> {
  await using signaling = await enterRoom(room);
  const workers = workersOf(await signaling.discover({ role: "worker" }));
  const peers = meantWorkers(workers, wanted, room.room_id);
  const answers = await Promise.allSettled(peers.map(async (peer) => {
    await using link = await WorkerLink.connect(signaling, room, peer);
    return await ask(link, peer);
  }));
  for (const [index, peer] of peers.entries()) {
    const answer = answers[index];
    if (answer?.status !== "rejected") continue;
    if (!(answer.reason instanceof SleapRtcError)) throw answer.reason;
    if (peers.length > 1) log.warn(`worker "${nameOf(peer)}": ${messageOf(answer.reason)}`);
  }
  const failure = answers.findLast((answer) => answer.status === "rejected");
  const given = answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
  if (given.length === 0 && failure !== undefined) throw failure.reason;
  return given;
}
