/**
 * Connecting to a peer on this machine, from the offer until both sides are authenticated, what the
 * first connection of a process costs beside that, and uploads beside what the bare channel takes
 * for the same bytes.
 *
 * @module
 */

import { join } from "node:path";
import { RpcPeer } from "../lib/rtc/rpc_peer.ts";
import { Acknowledgements } from "../lib/transfer/acknowledgements.ts";
import { ContentStore } from "../lib/transfer/content_store.ts";
import { UploadReceiver } from "../lib/transfer/receiver.ts";
import { uploadFile } from "../lib/transfer/upload.ts";
import type { UploadPeer } from "../lib/transfer/wire.ts";
import { type Measurement, quantile, timed } from "./measurement.ts";
import { type ConnectedPair, Room } from "./room.ts";

const RUNS = 20;
const BUDGET_MS = 1_000;
const UPLOADS = 5;
const BYTES = 20_000_000;
const MESSAGE_BYTES = 16_384;
/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  await using room = await Room.create();
  const load = await timedOnce(() => import("werift"));
  const first = await timedOnce(() => connectOnce(room));
  return [
    { figure: "load werift", samples: [load], budget: null },
    { figure: "the first connection, certificate included", samples: [first], budget: BUDGET_MS },
    {
      figure: "connect, offer to authenticated",
      samples: await timed(RUNS, () => connectOnce(room)),
      budget: BUDGET_MS,
    },
    { figure: "say goodbye", samples: await measureGoodbye(room), budget: null },
    ...await measureUploads(await room.connect()),
    await measureChannel(await room.connect()),
  ];
}

/** Both ends in one process, and a signaling server between them. */
async function connectOnce(room: Room): Promise<void> {
  const { client } = await room.connect();
  // not awaited: the goodbye is not part of the figure
  void client.close();
}

async function measureGoodbye(room: Room): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n < RUNS; n++) {
    const { client, worker } = await room.connect();
    samples.push(await timedOnce(() => Promise.all([client.close(), worker.closed])));
  }
  return samples;
}

async function measureUploads(pair: ConnectedPair): Promise<Measurement[]> {
  const root = await Deno.makeTempDir({ prefix: "sleap-rtc-bench-" });
  try {
    const peer = uploadPeer(pair, new ContentStore(join(root, "worker")));
    const path = join(root, "a.bin");
    const sent = await timed(UPLOADS, async (n) => {
      await Deno.writeFile(path, newContent(n));
      await uploadFile(path, peer);
    });
    const found = await timed(UPLOADS, () => uploadFile(path, peer));
    await pair.client.close();
    return [
      { figure: `upload 20 MB, on disk at the end: ${rate(sent)}`, samples: sent, budget: null },
      { figure: "upload 20 MB that are there", samples: found, budget: null },
    ];
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function uploadPeer({ client, worker }: ConnectedPair, store: ContentStore): UploadPeer {
  const notify = async (method: string, params: unknown): Promise<void> =>
    await workerRpc.notify(method, params);
  const receiver = new UploadReceiver(store, worker.blocks, notify);
  const workerRpc: RpcPeer = new RpcPeer(worker.control, {
    peerId: "client",
    handlers: receiver.handlers,
  });
  void receiver.run();
  const acknowledgements = new Acknowledgements();
  const calls = new RpcPeer(client.control, {
    peerId: "worker",
    handlers: acknowledgements.handlers,
  });
  return { calls, acknowledgements, blocks: client.blocks, closed: client.closed };
}

async function measureChannel({ client, worker }: ConnectedPair): Promise<Measurement> {
  const message = new Uint8Array(MESSAGE_BYTES);
  const count = Math.ceil(BYTES / MESSAGE_BYTES);
  const samples = await timed(UPLOADS, async () => {
    const reading = readMessages(worker.blocks, count);
    for (let n = 0; n < count; n++) await client.blocks.send(message);
    await reading;
  });
  await client.close();
  return { figure: `send 20 MB, channel alone: ${rate(samples)}`, samples, budget: null };
}

async function readMessages(channel: AsyncIterable<unknown>, count: number): Promise<void> {
  let left = count;
  for await (const _message of channel) {
    if (--left === 0) return;
  }
}

function newContent(n: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(BYTES);
  content[0] = n;
  return content;
}

function rate(samples: readonly number[]): string {
  return `${(BYTES / 1_000 / quantile(samples, 0.5)).toFixed(1)} MB/s`;
}

async function timedOnce(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}
