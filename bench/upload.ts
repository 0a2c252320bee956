/**
 * Uploads over WebRTC on this machine, both ends in one process, beside what the bare channel takes
 * for the same bytes.
 *
 * @module
 */
import { uploadFile } from "../lib/transfer/upload.ts";
import { connectPair } from "../tests/support/rtc.ts";
import { TransferBed } from "../tests/support/transfer.ts";
import { connectTransfer } from "../tests/support/transfer_rtc.ts";
import { type Measurement, quantile, timed } from "./measurement.ts";

const RUNS = 5;
const BYTES = 20_000_000;
const MESSAGE_BYTES = 16_384;

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  return [...await measureUpload(), await measureChannel()];
}

async function measureUpload(): Promise<Measurement[]> {
  await using bed = await TransferBed.create();
  await using transfer = await connectTransfer(bed.store);
  const sent = await timed(RUNS, async (n) => {
    await uploadFile(await bed.write("a.bin", newContent(n)), transfer.peer);
  });
  const found = await timed(RUNS, () => uploadFile(bed.path("a.bin"), transfer.peer));
  return [
    { figure: `upload 20 MB, on disk at the end: ${rate(sent)}`, samples: sent, budget: null },
    { figure: "upload 20 MB that are there", samples: found, budget: null },
  ];
}

async function measureChannel(): Promise<Measurement> {
  await using pair = await connectPair();
  const message = new Uint8Array(MESSAGE_BYTES);
  const count = Math.ceil(BYTES / MESSAGE_BYTES);
  const samples = await timed(RUNS, async () => {
    const reading = readMessages(pair.worker.blocks, count);
    for (let n = 0; n < count; n++) await pair.client.blocks.send(message);
    await reading;
  });
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
