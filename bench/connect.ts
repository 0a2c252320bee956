/**
 * Connecting to a peer on this machine, from the offer until both sides are authenticated, and what
 * the first connection of a process costs beside that.
 *
 * @module
 */
import { acceptPeers } from "../lib/rtc/accept.ts";
import { connectTo } from "../lib/rtc/connect.ts";
import { MemoryRoom } from "../tests/support/signaling.ts";
import { type Measurement, timed } from "./measurement.ts";

const RUNS = 20;
const BUDGET_MS = 1_000;
const ROOM = { room: "bench", secret: "a secret for the benchmark" };

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  const load = await timedOnce(() => import("werift"));
  const first = await timedOnce(connectOnce);
  return [
    { figure: "load werift", samples: [load], budget: null },
    { figure: "the first connection, certificate included", samples: [first], budget: BUDGET_MS },
    {
      figure: "connect, offer to authenticated",
      samples: await timed(RUNS, connectOnce),
      budget: BUDGET_MS,
    },
    { figure: "say goodbye", samples: await measureGoodbye(), budget: null },
  ];
}

/** Both ends in one process, without a server between. */
async function connectOnce(): Promise<void> {
  const { client } = await connectPair();
  // not awaited: the goodbye is not part of the figure
  void client.close();
}

async function measureGoodbye(): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    const { client, worker } = await connectPair();
    samples.push(await timedOnce(() => Promise.all([client.close(), worker.closed])));
  }
  return samples;
}

async function connectPair() {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), ROOM);
  const [client, { value: worker }] = await Promise.all([
    connectTo(room.join("client"), "worker", ROOM),
    accepted.next(),
  ]);
  await accepted.return?.();
  return { client, worker };
}

async function timedOnce(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}
