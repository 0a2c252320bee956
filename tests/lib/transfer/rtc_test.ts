import assert from "node:assert/strict";
import { ConflictError, ConnectionError } from "../../../lib/errors.ts";
import { uploadFile } from "../../../lib/transfer/upload.ts";
import { someBytes, TransferBed } from "../../support/transfer.ts";
import { connectTransfer } from "../../support/transfer_rtc.ts";

Deno.test("uploadFile() over WebRTC: several at once, more than a window each", async () => {
  await using bed = await TransferBed.create();
  await using transfer = await connectTransfer(bed.store);
  const contents = [1, 2].map((n) => someBytes(6_000_000 + n));
  const uploads = contents.map(async (content, n) =>
    await uploadFile(await bed.write(`${n}.bin`, content), transfer.peer)
  );
  for (const [n, { path }] of (await Promise.all(uploads)).entries()) {
    assert.deepEqual(await Deno.readFile(path), contents[n]);
  }
});

Deno.test("uploadFile() over WebRTC: the worker's error has its class and exit code", async () => {
  await using bed = await TransferBed.create();
  await using transfer = await connectTransfer(bed.store);
  const path = await bed.write("a.bin", someBytes(100));
  const { path: stored } = await uploadFile(path, transfer.peer);
  await Deno.remove(stored);
  await Deno.mkdir(stored);
  await assert.rejects(uploadFile(path, transfer.peer), ConflictError);
});

Deno.test("uploadFile() over WebRTC that is closed in the middle; nothing stays", async () => {
  await using bed = await TransferBed.create();
  await using transfer = await connectTransfer(bed.store);
  const path = await bed.write("a.bin", someBytes(20_000_000));
  let closing: Promise<void> | undefined;
  const onProgress = () => {
    closing ??= transfer.close();
  };
  await assert.rejects(uploadFile(path, transfer.peer, { onProgress }), ConnectionError);
  await closing;
  assert.deepEqual(await bed.stored(), []);
});
