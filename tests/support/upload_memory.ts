/** Uploads a file of zeros from this process to itself; prints by how many bytes memory grew. */
import { uploadFile } from "../../lib/transfer/upload.ts";
import { TransferBed, TransferPair } from "./transfer.ts";

const WARM_UP_BYTES = 20_000_000;

const bytes = Number(Deno.args[0]);
await using bed = await TransferBed.create();
await using pair = new TransferPair(bed.store);
await upload("first.bin", WARM_UP_BYTES);
const before = Deno.memoryUsage().rss;
const peak = await upload("second.bin", bytes);
await Deno.stdout.write(new TextEncoder().encode(`${peak - before}\n`));

/** Returns the most memory that was used, in bytes. */
async function upload(name: string, size: number): Promise<number> {
  let most = 0;
  const path = await bed.write(name, new Uint8Array());
  await Deno.truncate(path, size);
  await uploadFile(path, pair.peer, {
    onProgress: () => {
      most = Math.max(most, Deno.memoryUsage().rss);
    },
  });
  return most;
}
