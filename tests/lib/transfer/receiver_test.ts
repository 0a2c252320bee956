import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { SleapRtcError } from "../../../lib/errors.ts";
import { encodeBlockFrame } from "../../../lib/protocol/block_frame.ts";
import { uploadFile } from "../../../lib/transfer/upload.ts";
import { someBytes, TransferBed, TransferPair } from "../../support/transfer.ts";

const CONTENT = someBytes(100_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const FILE = { sha256: SHA256, name: "a.slp", bytes: CONTENT.length };

async function begin(pair: TransferPair, file: unknown = FILE): Promise<number> {
  const answer = await pair.peer.calls.call("upload.begin", file) as { upload: number };
  return answer.upload;
}

/** Send in frames, whatever the window says; resolved when the worker has told of the end. */
async function send(pair: TransferPair, upload: number, content: Uint8Array): Promise<void> {
  const told = Promise.withResolvers<void>();
  using _listening = pair.peer.acknowledgements.listen(upload, ({ bytes, failed }) => {
    if (failed || bytes === content.length) told.resolve();
  });
  for (let at = 0; at < content.length; at += 30_000) {
    const payload = content.subarray(at, at + 30_000);
    await pair.peer.blocks.send(encodeBlockFrame({ transfer: upload, payload }));
  }
  await told.promise;
}

async function assertRefused(
  call: Promise<unknown>,
  exitCode: number,
  message: RegExp,
): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof SleapRtcError);
    assert.equal(error.exitCode, exitCode);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("UploadReceiver acknowledges every quarter of a window, and the end", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store, { windowBytes: 131_072 });
  const upload = await begin(pair);
  await send(pair, upload, CONTENT);
  assert.deepEqual(pair.notified, [
    { upload, bytes: 60_000, failed: false },
    { upload, bytes: 100_000, failed: false },
  ]);
});

Deno.test("UploadReceiver refuses a content whose SHA-256 differs with exit code 7", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const upload = await begin(pair);
  await send(pair, upload, CONTENT.with(0, 255));
  const end = () => pair.peer.calls.call("upload.end", { upload });
  await assertRefused(end(), 7, /: Refused "a\.slp": its SHA-256 is /);
  await assertRefused(end(), 3, /not under way$/);
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("UploadReceiver refuses an end that comes too early", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const upload = await begin(pair);
  const end = pair.peer.calls.call("upload.end", { upload });
  await assertRefused(end, 7, /only 0 of 100000 bytes came$/);
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("UploadReceiver refuses more bytes than announced, and says so at once", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const upload = await begin(pair, { ...FILE, bytes: 70_000 });
  await send(pair, upload, CONTENT);
  assert.deepEqual(pair.notified.at(-1), { upload, bytes: 60_000, failed: true });
  assert.deepEqual(await bed.stored(), []);
  const end = pair.peer.calls.call("upload.end", { upload });
  await assertRefused(end, 7, /more came than the announced 70000 bytes$/);
});

Deno.test("UploadReceiver takes a few uploads at once; one that has ended makes room", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store, { maxUploads: 2 });
  const both = await Promise.all([begin(pair), begin(pair)]);
  assert.equal(new Set(both).size, 2);
  await assertRefused(begin(pair), 7, /: Refused "a\.slp": 2 uploads are under way$/);
  await pair.peer.calls.call("upload.cancel", { upload: both[0] });
  const third = await begin(pair);
  await assertRefused(pair.peer.calls.call("upload.end", { upload: both[1] }), 7, /bytes came$/);
  await send(pair, third, CONTENT);
  await pair.peer.calls.call("upload.end", { upload: third });
  for (let n = 0; n < 5; n++) await pair.peer.calls.call("upload.begin", FILE);
  assert.deepEqual(await bed.stored(), [`${SHA256}/`, `${SHA256}/a.slp`]);
});

Deno.test("UploadReceiver frees the place of an upload that was refused", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store, { maxUploads: 1 });
  await assertRefused(begin(pair, { ...FILE, name: "../a.slp" }), 2, /: Cannot upload a file with/);
  const failed = await begin(pair, { ...FILE, bytes: 10 });
  await send(pair, failed, CONTENT);
  await assertRefused(pair.peer.calls.call("upload.end", { upload: failed }), 7, /more came/);
  await begin(pair);
});

Deno.test("UploadReceiver answers messages that cannot be read, and goes on", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.record({ sha256: fc.string(), name: fc.string(), bytes: fc.double() }),
    fc.record({ upload: fc.oneof(fc.double(), fc.string(), fc.integer()) }),
  );
  const method = fc.constantFrom("upload.begin", "upload.end", "upload.cancel");
  await fc.assert(
    fc.asyncProperty(method, hostile, async (name, params) => {
      await pair.peer.calls.call(name, params).catch((error) => {
        assert.ok(error instanceof SleapRtcError);
        assert.ok([1, 2, 3, 7].includes(error.exitCode), error.message);
      });
    }),
    { numRuns: 100 },
  );
  await uploadFile(await bed.write("a.slp", CONTENT), pair.peer);
});

Deno.test("UploadReceiver ignores frames that belong to no upload, and any other message", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const noise = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => bytes.fill(255, 0, 1)),
    fc.string({ minLength: 1, maxLength: 100 }),
  );
  const upload = await begin(pair);
  for (const message of fc.sample(noise, 200)) await pair.peer.blocks.send(message);
  await send(pair, upload, CONTENT);
  await pair.peer.calls.call("upload.end", { upload });
  await pair.peer.blocks.send(
    encodeBlockFrame({ transfer: upload, payload: CONTENT.subarray(0, 10) }),
  );
  assert.deepEqual(await bed.stored(), [`${SHA256}/`, `${SHA256}/a.slp`]);
});

Deno.test("UploadReceiver drops all unfinished uploads when the connection ends", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  await Promise.all([begin(pair), begin(pair)]);
  assert.equal((await bed.stored()).length, 2);
  await pair.lose();
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("UploadReceiver leaves nothing of an upload that begins while the connection ends", async () => {
  await using bed = await TransferBed.create();
  const [finding, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const began = Promise.withResolvers<void>();
  await using pair = new TransferPair({
    find: () => Promise.resolve(null),
    begin: async (file) => {
      finding.resolve();
      await goOn.promise;
      const incoming = await bed.store.begin(file);
      const discard = incoming.discard.bind(incoming);
      incoming.discard = () => discard().then(began.resolve);
      return incoming;
    },
  });
  const beginning = assert.rejects(begin(pair));
  await finding.promise;
  await pair.lose();
  await beginning;
  goOn.resolve();
  await began.promise;
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("UploadReceiver finishes what was sent whole when the connection ends", async () => {
  await using bed = await TransferBed.create();
  const committing = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await using pair = new TransferPair({
    find: () => Promise.resolve(null),
    begin: async (file) => {
      const incoming = await bed.store.begin(file);
      const commit = incoming.commit.bind(incoming);
      incoming.commit = async () => {
        committing.resolve();
        await goOn.promise;
        return await commit();
      };
      return incoming;
    },
  });
  const upload = await begin(pair);
  await send(pair, upload, CONTENT);
  const ending = assert.rejects(pair.peer.calls.call("upload.end", { upload }));
  await committing.promise;
  const losing = pair.lose();
  goOn.resolve();
  await Promise.all([losing, ending]);
  assert.deepEqual(await bed.stored(), [`${SHA256}/`, `${SHA256}/a.slp`]);
});
