/**
 * Connecting to a peer on this machine, from the offer until both sides are authenticated, and what
 * the first connection of a process costs beside that.
 *
 * @module
 */
import { acceptPeers } from "../lib/rtc/accept.ts";
import { connectTo } from "../lib/rtc/connect.ts";
import type { PeerConnection } from "../lib/rtc/peer_connection.ts";
import { Accounts } from "../lib/signaling/accounts.ts";
import { SignalingClient } from "../lib/signaling/client.ts";
import { SignalingServer } from "../lib/signaling/server.ts";
import { type Measurement, timed } from "./measurement.ts";

const RUNS = 20;
const BUDGET_MS = 1_000;
/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  await using bed = await Bed.create();
  const load = await timedOnce(() => import("werift"));
  const first = await timedOnce(() => connectOnce(bed));
  return [
    { figure: "load werift", samples: [load], budget: null },
    { figure: "the first connection, certificate included", samples: [first], budget: BUDGET_MS },
    {
      figure: "connect, offer to authenticated",
      samples: await timed(RUNS, () => connectOnce(bed)),
      budget: BUDGET_MS,
    },
    { figure: "say goodbye", samples: await measureGoodbye(bed), budget: null },
  ];
}

/** Both ends in one process, and a signaling server between them. */
async function connectOnce(bed: Bed): Promise<void> {
  const { client } = await bed.connect();
  // not awaited: the goodbye is not part of the figure
  void client.close();
}

async function measureGoodbye(bed: Bed): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    const { client, worker } = await bed.connect();
    samples.push(await timedOnce(() => Promise.all([client.close(), worker.closed])));
  }
  return samples;
}

/** A room with a client and a worker. */
class Bed implements AsyncDisposable {
  readonly #accounts = new Accounts(":memory:");
  readonly #room = this.#accounts.createRoom().id;
  readonly #server = SignalingServer.start({
    host: "127.0.0.1",
    port: 0,
    accounts: this.#accounts,
  });
  #peers: { client: SignalingClient; worker: SignalingClient } | null = null;

  static async create(): Promise<Bed> {
    const bed = new Bed();
    bed.#peers = { client: await bed.#join("client"), worker: await bed.#join("worker") };
    return bed;
  }

  async connect(): Promise<{ client: PeerConnection; worker: PeerConnection }> {
    if (this.#peers === null) throw new Error("nobody is in the room");
    const secrets = { room: this.#room, secret: "a secret for the benchmark" };
    const accepted = acceptPeers(this.#peers.worker, secrets);
    const [client, { value: worker }] = await Promise.all([
      connectTo(this.#peers.client, "worker", secrets),
      accepted.next(),
    ]);
    await accepted.return?.();
    return { client, worker };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peers?.client.close();
    await this.#peers?.worker.close();
    await this.#server.close();
    this.#accounts.close();
  }

  async #join(role: "client" | "worker"): Promise<SignalingClient> {
    const joined = this.#accounts.redeemInvite(this.#accounts.createInvite(this.#room).code, role);
    return await SignalingClient.connect({
      server: `http://127.0.0.1:${this.#server.port}`,
      roomId: this.#room,
      peerId: role,
      credential: joined?.accountKey ?? "",
      role,
      metadata: {},
    });
  }
}

async function timedOnce(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}
