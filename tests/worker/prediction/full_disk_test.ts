import assert from "node:assert/strict";
import { join } from "node:path";
import { endOf, leftovers, PredictionBed } from "../../support/predictions.ts";
import { registerDiskTests, TinyDisk } from "../../support/tiny_disk.ts";

await registerDiskTests(import.meta.url, [
  { name: "a disk that is full when predictions are written: nothing stays", fn: diskIsFull },
]);

async function diskIsFull(): Promise<void> {
  await using disk = await TinyDisk.mount("64k");
  await using bed = await PredictionBed.create();
  const job = await bed.startPaused({ stage: "half" }, {
    output_path: join(disk.path, "mine.slp"),
  });
  await disk.fill();
  await bed.goOn();
  const { result } = await endOf(job);
  assert.equal(result.status, "failed");
  assert.match(result.error ?? "", /^OSError: \[Errno 28\] No space left on device/);
  assert.deepEqual(await leftovers(disk.path), []);
  await assert.rejects(Deno.stat(join(disk.path, "mine.slp")), Deno.errors.NotFound);
}
