import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import {
  ConflictError,
  ConnectionError,
  NotFoundError,
  SleapRtcError,
  UsageError,
} from "../../../lib/errors.ts";
import type { UploadStore } from "../../../lib/transfer/receiver.ts";
import { uploadFile } from "../../../lib/transfer/upload.ts";
import { someBytes, TransferBed, TransferPair } from "../../support/transfer.ts";

const WINDOW = 65_536;
const FRAME = 16_384;

function digest(algorithm: string, content: Uint8Array): string {
  return createHash(algorithm).update(content).digest("hex");
}

/** The store, with something done before each write to the disk. */
function withWrites(store: UploadStore, beforeWrite: () => Promise<void>): UploadStore {
  return {
    find: (...file) => store.find(...file),
    begin: async (file) => {
      const incoming = await store.begin(file);
      const write = incoming.write.bind(incoming);
      incoming.write = async (payload) => {
        await beforeWrite();
        await write(payload);
      };
      return incoming;
    },
  };
}

Deno.test("uploadFile() stores the content under its SHA-256 and name, and tells both digests", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const content = someBytes(1_000_003);
  const path = await bed.write("mäuse 1.pkg.slp", content);
  const uploaded = await uploadFile(path, pair.peer);
  const sha256 = digest("sha256", content);
  assert.deepEqual(uploaded, {
    path: join(bed.root, "uploads", sha256, "mäuse 1.pkg.slp"),
    sha256,
    md5: digest("md5", content),
    bytes: content.length,
    alreadyThere: false,
  });
  assert.deepEqual(await Deno.readFile(uploaded.path), content);
  assert.deepEqual(await bed.stored(), [`${sha256}/`, `${sha256}/mäuse 1.pkg.slp`]);
});

Deno.test("uploadFile() sends nothing that is there, and everything when its size differs", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  const path = await bed.write("a.slp", someBytes(100_000));
  const first = await uploadFile(path, pair.peer);
  const { sentBytes } = pair.sending;
  const again = await uploadFile(path, pair.peer);
  assert.deepEqual(again, { ...first, alreadyThere: true });
  assert.equal(pair.sending.sentBytes, sentBytes);
  await Deno.truncate(first.path, 10);
  assert.equal((await uploadFile(path, pair.peer)).alreadyThere, false);
  assert.equal((await Deno.stat(first.path)).size, 100_000);
});

Deno.test("uploadFile() of every size around the borders of frames and windows", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store, { windowBytes: WINDOW });
  const size = fc.tuple(
    fc.constantFrom(0, FRAME, WINDOW / 4, WINDOW, 3 * WINDOW, 1_048_576),
    fc.integer({ min: -2, max: 2 }),
  ).map(([border, off]) => Math.max(0, border + off));
  let n = 0;
  await fc.assert(
    fc.asyncProperty(size, async (bytes) => {
      const content = someBytes(bytes);
      const path = await bed.write(`${++n}.bin`, content);
      const progress: number[] = [];
      const { path: stored } = await uploadFile(path, pair.peer, {
        onProgress: (sent, total) => {
          assert.equal(total, bytes);
          progress.push(sent);
        },
      });
      assert.deepEqual(await Deno.readFile(stored), content);
      assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
      assert.equal(progress.at(-1) ?? 0, bytes);
    }),
    { numRuns: 30 },
  );
});

Deno.test("uploadFile() has no more than a window on its way, however slow the disk", async () => {
  await using bed = await TransferBed.create();
  const store = withWrites(bed.store, () => new Promise((resolve) => setTimeout(resolve, 1)));
  await using pair = new TransferPair(store, { windowBytes: WINDOW });
  const path = await bed.write("a.bin", someBytes(20 * WINDOW));
  await uploadFile(path, pair.peer);
  const headers = 4 * WINDOW / FRAME;
  assert.ok(pair.receiving.peakUnread <= WINDOW + headers, `${pair.receiving.peakUnread} bytes`);
});

Deno.test("uploadFile() several at once over one connection", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store, { windowBytes: WINDOW });
  const contents = [1, 2, 3].map((n) => someBytes(300_000 + n));
  const uploads = contents.map(async (content, n) =>
    await uploadFile(await bed.write(`${n}.bin`, content), pair.peer)
  );
  for (const [n, { path }] of (await Promise.all(uploads)).entries()) {
    assert.deepEqual(await Deno.readFile(path), contents[n]);
  }
});

Deno.test("uploadFile() of the same file by two clients at once: both are right", async () => {
  await using bed = await TransferBed.create();
  await using one = new TransferPair(bed.store, { windowBytes: WINDOW });
  await using two = new TransferPair(bed.store, { windowBytes: WINDOW });
  const content = someBytes(500_000);
  const path = await bed.write("a.bin", content);
  const [first, second] = await Promise.all([one, two].map(({ peer }) => uploadFile(path, peer)));
  assert.deepEqual(first, second);
  assert.deepEqual(await Deno.readFile(first?.path ?? ""), content);
  assert.deepEqual(await bed.stored(), [`${first?.sha256}/`, `${first?.sha256}/a.bin`]);
});

const CHANGES: Record<string, (path: string) => Promise<void>> = {
  "is written to": async (path) => {
    using file = await Deno.open(path, { write: true });
    await file.seek(-1, Deno.SeekMode.End);
    await file.write(new Uint8Array([255]));
  },
  "is cut off": (path) => Deno.truncate(path, 3 * 1_048_576 / 2),
  "is appended to": (path) => Deno.writeFile(path, new Uint8Array(1), { append: true }),
};
for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`uploadFile() of a file that ${what} meanwhile says so and leaves nothing`, async () => {
    await using bed = await TransferBed.create();
    const path = await bed.write("a.bin", someBytes(2 * 1_048_576));
    let isChanged = false;
    const store = withWrites(bed.store, async () => {
      if (!isChanged) await change(path);
      isChanged = true;
    });
    await using pair = new TransferPair(store, { windowBytes: WINDOW });
    await assert.rejects(uploadFile(path, pair.peer), (error) => {
      assert.ok(error instanceof ConflictError);
      assert.equal(error.message, `Cannot upload "${path}": it changed while it was sent`);
      return true;
    });
    await pair.lose();
    assert.deepEqual(await bed.stored(), []);
  });
}

Deno.test("uploadFile() fails when the connection is lost in the middle; nothing stays", async () => {
  await using bed = await TransferBed.create();
  const path = await bed.write("a.bin", someBytes(20 * WINDOW));
  await using pair = new TransferPair(bed.store, { windowBytes: WINDOW });
  let losing: Promise<void> | undefined;
  const onProgress = (sent: number) => {
    if (sent > 5 * WINDOW) losing ??= pair.lose();
  };
  await assert.rejects(uploadFile(path, pair.peer, { onProgress }), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.match(
      error.message,
      /^Cannot upload "a\.bin": .* \(\d+ of 1310720 bytes had arrived\)$/,
    );
    return true;
  });
  await losing;
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("uploadFile() that waits for a worker notices that the connection is lost", async () => {
  await using bed = await TransferBed.create();
  const path = await bed.write("a.bin", someBytes(20 * WINDOW));
  const [writing, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const store = withWrites(bed.store, () => {
    writing.resolve();
    return goOn.promise;
  });
  await using pair = new TransferPair(store, { windowBytes: WINDOW });
  const uploading = assert.rejects(uploadFile(path, pair.peer), ConnectionError);
  await writing.promise;
  const losing = pair.lose();
  await uploading;
  goOn.resolve();
  await losing;
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("uploadFile() that is given up tells the worker, which drops what it has", async () => {
  await using bed = await TransferBed.create();
  const path = await bed.write("a.bin", someBytes(20 * WINDOW));
  await using pair = new TransferPair(bed.store, { windowBytes: WINDOW });
  const controller = new AbortController();
  const reason = new Error("enough");
  const { signal } = controller;
  await assert.rejects(
    uploadFile(path, pair.peer, { signal, onProgress: () => controller.abort(reason) }),
    reason,
  );
  // A call after the cancellation is answered after it.
  await pair.peer.calls.call("upload.cancel", { upload: 1 });
  assert.deepEqual(await bed.stored(), []);
  await assert.rejects(uploadFile(path, pair.peer, { signal }), reason);
});

Deno.test("uploadFile() stops when the worker cannot write, with the worker's reason", async () => {
  await using bed = await TransferBed.create();
  const path = await bed.write("a.bin", someBytes(20 * WINDOW));
  let writes = 0;
  const store = withWrites(bed.store, () => {
    const full = new SleapRtcError("No space left");
    return ++writes > 3 ? Promise.reject(full) : Promise.resolve();
  });
  await using pair = new TransferPair(store, { windowBytes: WINDOW });
  await assert.rejects(uploadFile(path, pair.peer), (error) => {
    assert.ok(error instanceof SleapRtcError);
    assert.equal(error.exitCode, 1);
    assert.equal(error.message, 'Peer "worker": No space left');
    return true;
  });
  assert.ok(pair.sending.sentBytes < 5 * WINDOW, "it went on sending");
  assert.deepEqual(await bed.stored(), []);
});

Deno.test("uploadFile() of what is no file, or has no name to store", async () => {
  await using bed = await TransferBed.create();
  await using pair = new TransferPair(bed.store);
  await assert.rejects(uploadFile(bed.path("none.slp"), pair.peer), NotFoundError);
  await assert.rejects(uploadFile(bed.root, pair.peer), UsageError);
  const colon = await bed.write("12:30.slp", someBytes(1));
  await assert.rejects(uploadFile(colon, pair.peer), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /a colon in its name "12:30\.slp"/);
    return true;
  });
});

Deno.test("uploadFile() says what a worker answered that cannot be read", async () => {
  await using bed = await TransferBed.create();
  const path = await bed.write("a.bin", someBytes(1));
  for (const answer of [null, { have: 1 }, { upload: 1, window: 0 }]) {
    const handlers = { "upload.begin": () => Promise.resolve(answer) };
    await using pair = new TransferPair(bed.store, { handlers });
    await assert.rejects(
      uploadFile(path, pair.peer),
      /^SleapRtcError: Cannot read the answer to upload\.begin: /,
    );
  }
});
