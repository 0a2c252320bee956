import assert from "node:assert/strict";
import { join } from "node:path";
import { PredictLog } from "../../../lib/sleap_nn/predict_log.ts";

const TIME = "2026-11-23 22:49:03 | ";
const TRACEBACK = `Traceback (most recent call last):
  File "/x/cli.py", line 3, in <module>
FileNotFoundError: Model path does not exist: /abs/nodir
`;

async function withLog(fn: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(join(folder, "log.txt"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function progress(done: number, total: number | null, rate = 4.7, eta = 7.7): string {
  return `{"n_processed": ${done}, "n_total": ${total}, "rate": ${rate}, "eta": ${eta}}\n`;
}

async function append(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { append: true });
}

Deno.test("PredictLog follows a log that grows, line by line", async () => {
  await withLog(async (path) => {
    const log = new PredictLog({ path, from: 6 });
    assert.deepEqual(await log.poll(), { frames: null, lastError: null });
    await append(path, "before" + TIME + "Loaded inference model\n" + progress(4, 40).slice(0, 9));
    assert.deepEqual(await log.poll(), { frames: null, lastError: null });
    await append(path, progress(4, 40).slice(9));
    const first = { phase: "inference", done: 4, total: 40, rate: 4.7, eta: 7.7 };
    assert.deepEqual((await log.poll()).frames, first);
    assert.deepEqual((await log.poll()).frames, first);
    await append(path, progress(8, 40) + TIME + "a line\n" + progress(40, 40, 8.6, 0));
    assert.deepEqual(await log.poll(), {
      frames: { phase: "inference", done: 40, total: 40, rate: 8.6, eta: 0 },
      lastError: null,
    });
  });
});

Deno.test("PredictLog tells the second pass, of the tracker, by its count (3.3 of the contract)", async () => {
  await withLog(async (path) => {
    const log = new PredictLog({ path, from: 0 });
    const seen: [string, number][] = [];
    for (const done of [4, 8, 10, 10, 1, 10]) {
      await append(path, progress(done, 10));
      const { frames } = await log.poll();
      if (frames !== null) seen.push([frames.phase, frames.done]);
    }
    assert.deepEqual(seen, [
      ["inference", 4],
      ["inference", 8],
      ["inference", 10],
      ["inference", 10],
      ["tracking", 1],
      ["tracking", 10],
    ]);
  });
});

Deno.test("PredictLog takes sleap-nn's own error before the traceback, and that without it", async () => {
  await withLog(async (path) => {
    const log = new PredictLog({ path, from: 0 });
    await append(path, progress(1, null) + TRACEBACK);
    assert.equal(
      (await log.poll()).lastError,
      "FileNotFoundError: Model path does not exist: /abs/nodir",
    );
    await append(path, '{"error": true, "type": "RuntimeError", "message": "out of memory"}\n');
    assert.deepEqual(await log.poll(), {
      frames: { phase: "inference", done: 1, total: null, rate: 4.7, eta: 7.7 },
      lastError: "RuntimeError: out of memory",
    });
  });
});

Deno.test("PredictLog passes over what is no progress", async () => {
  await withLog(async (path) => {
    await append(path, '{"n_processed": -1, "n_total": 4}\n{"n_processed": "4"}\n{broken\n{}\n');
    await append(path, `{"error": false}\n[1]\n${"x".repeat(100_000)}\n{"a": ${"[".repeat(9_000)}`);
    const log = new PredictLog({ path, from: 0 });
    assert.deepEqual(await log.poll(), { frames: null, lastError: null });
  });
});
