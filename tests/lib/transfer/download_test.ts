import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { ConflictError, ConnectionError, NotFoundError } from "../../../lib/errors.ts";
import { DOWNLOAD_METHODS } from "../../../lib/protocol/download.ts";
import { recordPath } from "../../../lib/protocol/prediction_record.ts";
import { downloadOutput } from "../../../lib/transfer/download.ts";
import type { SharedFile } from "../../../lib/transfer/download_sender.ts";
import { DownloadBed, DownloadPair, TRACK_JOB } from "../../support/download.ts";
import { someBytes } from "../../support/transfer.ts";

const WINDOW = 65_536;
const FRAME = 16_384;
const DONE = ["clip.predictions.slp", "clip.predictions.slp.json"];

function sharing(file: SharedFile): () => Promise<SharedFile> {
  return () => Promise.resolve(file);
}

Deno.test("downloadOutput() puts the file and its record in place", async () => {
  await using bed = await DownloadBed.create();
  const content = someBytes(1_000_003);
  const shared = await bed.write(content);
  await using pair = new DownloadPair(sharing(shared));
  const fetched = await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target });
  const { sha256, bytes, record } = shared;
  assert.deepEqual(fetched, { path: bed.target, sha256, bytes, record });
  assert.deepEqual(await Deno.readFile(bed.target), content);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(recordPath(bed.target))), record);
  assert.deepEqual(await bed.here(), DONE);
  const { mode } = await Deno.stat(bed.target);
  assert.equal((mode ?? 0) & 0o777, 0o666 & ~Deno.umask());
});

Deno.test("downloadOutput() of every size around the borders of frames and windows", async () => {
  await using bed = await DownloadBed.create();
  const size = fc.tuple(
    fc.constantFrom(0, FRAME, WINDOW / 4, WINDOW, 3 * WINDOW, 1_048_576),
    fc.integer({ min: -2, max: 2 }),
  ).map(([border, off]) => Math.max(0, border + off));
  await fc.assert(
    fc.asyncProperty(size, async (bytes) => {
      const content = someBytes(bytes);
      await using pair = new DownloadPair(sharing(await bed.write(content)));
      const progress: number[] = [];
      await downloadOutput(TRACK_JOB, pair.peer, {
        to: bed.target,
        overwrite: true,
        windowBytes: WINDOW,
        onProgress: (received, total) => {
          assert.equal(total, bytes);
          progress.push(received);
        },
      });
      assert.deepEqual(await Deno.readFile(bed.target), content);
      assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
      assert.equal(progress.at(-1) ?? 0, bytes);
    }),
    { numRuns: 30 },
  );
});

Deno.test("downloadOutput() has no more than a window on its way", async () => {
  await using bed = await DownloadBed.create();
  await using pair = new DownloadPair(sharing(await bed.write(someBytes(20 * WINDOW))));
  await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target, windowBytes: WINDOW });
  const headers = 4 * WINDOW / FRAME;
  assert.ok(pair.receiving.peakUnread <= WINDOW + headers, `${pair.receiving.peakUnread} bytes`);
});

Deno.test("downloadOutput() three at once and not four", async () => {
  await using bed = await DownloadBed.create();
  const content = someBytes(300_000);
  await using pair = new DownloadPair(sharing(await bed.write(content)));
  const targets = [1, 2, 3, 4].map((n) => bed.target.replace(".slp", `.${n}.slp`));
  const fetched = await Promise.allSettled(
    targets.map((to) => downloadOutput(TRACK_JOB, pair.peer, { to, windowBytes: WINDOW })),
  );
  const refused = fetched.filter((one) => one.status === "rejected");
  assert.equal(refused.length, 1);
  assert.ok(refused[0]?.reason instanceof ConflictError);
  assert.match(refused[0].reason.message, /3 downloads are under way$/);
  for (const one of fetched) {
    if (one.status === "rejected") continue;
    assert.deepEqual(await Deno.readFile(one.value.path), content);
  }
  await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target });
});

Deno.test("downloadOutput() refuses what exists before anything is asked, unless told", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(1_000));
  await using pair = new DownloadPair(sharing(shared));
  for (const path of [bed.target, recordPath(bed.target)]) {
    await Deno.writeTextFile(path, "mine");
    await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, { to: bed.target }), (error) => {
      assert.ok(error instanceof ConflictError);
      assert.equal(error.message, `Refused to write "${path}": it exists already`);
      assert.match(error.hint ?? "", /--force/);
      return true;
    });
    assert.equal(await Deno.readTextFile(path), "mine");
    await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target, overwrite: true });
    assert.equal((await Deno.stat(bed.target)).size, 1_000);
    assert.deepEqual(await bed.here(), DONE);
    for (const name of DONE) await Deno.remove(join(dirname(bed.target), name));
  }
});

Deno.test("downloadOutput() does not replace a file that somebody makes meanwhile", async () => {
  await using bed = await DownloadBed.create();
  await using pair = new DownloadPair(sharing(await bed.write(someBytes(1_000))));
  const onProgress = () => Deno.writeTextFileSync(bed.target, "mine");
  const fetching = downloadOutput(TRACK_JOB, pair.peer, { to: bed.target, onProgress });
  await assert.rejects(fetching, ConflictError);
  assert.equal(await Deno.readTextFile(bed.target), "mine");
  assert.deepEqual(await bed.here(), ["clip.predictions.slp"]);
});

Deno.test("downloadOutput() without a record leaves no old one beside the new file", async () => {
  await using bed = await DownloadBed.create();
  const shared = { ...await bed.write(someBytes(10)), record: null };
  await using pair = new DownloadPair(sharing(shared));
  await Deno.writeTextFile(recordPath(bed.target), "{}");
  await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target, overwrite: true });
  assert.deepEqual(await bed.here(), ["clip.predictions.slp"]);
});

const CHANGES: Record<string, (path: string) => void> = {
  "is written to": (path) => {
    using file = Deno.openSync(path, { write: true });
    file.seekSync(-1, Deno.SeekMode.End);
    file.writeSync(new Uint8Array([255]));
  },
  "is cut off": (path) => Deno.truncateSync(path, 3 * 1_048_576 / 2),
  "is appended to": (path) => Deno.writeFileSync(path, new Uint8Array(1), { append: true }),
};
for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`downloadOutput() of a file that ${what} meanwhile: nothing is put in place`, async () => {
    await using bed = await DownloadBed.create();
    await using pair = new DownloadPair(sharing(await bed.write(someBytes(2 * 1_048_576))));
    let isChanged = false;
    const onProgress = () => {
      if (!isChanged) change(bed.source);
      isChanged = true;
    };
    const options = { to: bed.target, windowBytes: WINDOW, onProgress };
    await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, options), (error) => {
      assert.ok(error instanceof ConflictError);
      assert.match(
        error.message,
        /Cannot send ".*predictions\.slp": it changed while it was sent$/,
      );
      return true;
    });
    assert.deepEqual(await bed.here(), []);
  });
}

Deno.test("downloadOutput() of a file with another size or content than the job made", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(1_000));
  await using other = new DownloadPair(sharing({ ...shared, bytes: 999 }));
  await assert.rejects(downloadOutput(TRACK_JOB, other.peer, { to: bed.target }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /it is not what the job has made any more$/);
    return true;
  });
  await using pair = new DownloadPair(sharing({ ...shared, sha256: "0".repeat(64) }));
  const fetching = downloadOutput(TRACK_JOB, pair.peer, { to: bed.target });
  await assert.rejects(fetching, ConflictError);
  await using lying = new DownloadPair(sharing({ ...shared, sha256: "0".repeat(64) }), {
    handlers: { [DOWNLOAD_METHODS.end]: () => null },
  });
  await assert.rejects(downloadOutput(TRACK_JOB, lying.peer, { to: bed.target }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /^Refused "clip\.predictions\.slp": its SHA-256 is /);
    return true;
  });
  assert.deepEqual(await bed.here(), []);
});

Deno.test("downloadOutput() of more or less than was announced", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(100_000));
  for (
    const [bytes, said] of [[99_999, /more came than/], [100_001, /only \d+ of 100001/]] as const
  ) {
    const frame = new Uint8Array(50_004);
    frame[3] = 1;
    let isStarted = false;
    const onReceived = async () => {
      if (isStarted) return;
      isStarted = true;
      await pair.sending.send(frame);
      await pair.sending.send(frame);
      const { failed } = DOWNLOAD_METHODS;
      if (bytes > 100_000) pair.peer.frames.handlers[failed]({ download: 1 });
    };
    const pair = new DownloadPair(sharing(shared), {
      handlers: {
        [DOWNLOAD_METHODS.begin]: () => ({ download: 1, ...shared, bytes }),
        [DOWNLOAD_METHODS.received]: onReceived,
        [DOWNLOAD_METHODS.end]: () => null,
      },
    });
    await using _pair = pair;
    await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, { to: bed.target }), (error) => {
      assert.ok(error instanceof ConflictError);
      assert.match(error.message, said);
      return true;
    });
  }
  assert.deepEqual(await bed.here(), []);
});

Deno.test("downloadOutput() fails when the connection is lost in the middle; nothing stays", async () => {
  await using bed = await DownloadBed.create();
  await using pair = new DownloadPair(sharing(await bed.write(someBytes(20 * WINDOW))));
  let losing: Promise<void> | undefined;
  const onProgress = (received: number) => {
    if (received > 5 * WINDOW) losing ??= pair.lose();
  };
  const options = { to: bed.target, windowBytes: WINDOW, onProgress };
  await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, options), ConnectionError);
  await losing;
  assert.deepEqual(await bed.here(), []);
});

Deno.test("downloadOutput() that is given up: nothing stays, and the worker has room again", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(20 * WINDOW));
  await using pair = new DownloadPair(sharing(shared), { maxDownloads: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("enough");
  const onProgress = () => controller.abort(reason);
  const options = { to: bed.target, windowBytes: WINDOW };
  const fetching = downloadOutput(TRACK_JOB, pair.peer, { ...options, signal, onProgress });
  await assert.rejects(fetching, reason);
  assert.deepEqual(await bed.here(), []);
  // A call after the cancellation is answered after it.
  await pair.peer.calls.call(DOWNLOAD_METHODS.cancel, { download: 1 });
  await downloadOutput(TRACK_JOB, pair.peer, options);
  await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, { ...options, signal }), reason);
});

Deno.test("downloadOutput() tells why the worker has nothing to send", async () => {
  await using bed = await DownloadBed.create();
  await using pair = new DownloadPair(() => Promise.reject(new NotFoundError("There is none")));
  const gone = { ...await bed.write(someBytes(1)), path: `${bed.source}.gone` };
  await assert.rejects(downloadOutput(TRACK_JOB, pair.peer, { to: bed.target }), NotFoundError);
  await using missing = new DownloadPair(sharing(gone));
  await assert.rejects(downloadOutput(TRACK_JOB, missing.peer, { to: bed.target }), NotFoundError);
  assert.deepEqual(await bed.here(), []);
});

Deno.test("downloadOutput() says what a worker answered that cannot be read", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(1));
  const answers = [null, { ...shared, download: -1 }, { ...shared, download: 1, record: {} }];
  for (const answer of answers) {
    const handlers = { [DOWNLOAD_METHODS.begin]: () => Promise.resolve(answer) };
    await using pair = new DownloadPair(sharing(shared), { handlers });
    await assert.rejects(
      downloadOutput(TRACK_JOB, pair.peer, { to: bed.target }),
      /^SleapRtcError: Cannot read the answer to download\.begin: /,
    );
  }
});

Deno.test("downloadOutput() removes what killed commands have left of the same file", async () => {
  await using bed = await DownloadBed.create();
  await using pair = new DownloadPair(sharing(await bed.write(someBytes(10))));
  const old = new Date(Date.now() - 4_000_000);
  const names = [
    ".clip.predictions.slp.0123abcd.part",
    ".clip.predictions.slp.mine.part",
    ".other.slp.0123abcd.part",
  ];
  for (const name of [...names, ".clip.predictions.slp.ffffffff.part"]) {
    const path = join(dirname(bed.target), name);
    await Deno.writeTextFile(path, "x");
    if (names.includes(name)) await Deno.utime(path, old, old);
  }
  await downloadOutput(TRACK_JOB, pair.peer, { to: bed.target });
  assert.deepEqual(await bed.here(), [
    ".clip.predictions.slp.ffffffff.part",
    ".clip.predictions.slp.mine.part",
    ".other.slp.0123abcd.part",
    ...DONE,
  ]);
});

Deno.test("downloadOutput() takes no record of another job or of another file", async () => {
  await using bed = await DownloadBed.create();
  const shared = await bed.write(someBytes(10));
  assert.ok(shared.record);
  const others = [
    { ...shared.record, job_id: "job_99999999" },
    { ...shared.record, output: { sha256: "ab".repeat(32), bytes: 10 } },
  ];
  for (const record of others) {
    await using pair = new DownloadPair(sharing({ ...shared, record }));
    const options = { to: bed.target, overwrite: true };
    assert.equal((await downloadOutput(TRACK_JOB, pair.peer, options)).record, null);
    assert.deepEqual(await bed.here(), ["clip.predictions.slp"]);
  }
});
