import assert from "node:assert/strict";
import { join } from "node:path";
import {
  readLastError,
  scanTrainerLog,
  type TrainerLogMarks,
  TrainerLogScan,
} from "../../../lib/sleap_nn/trainer_log.ts";

const TIME = "2026-11-23 22:49:03 | ";
const NOTHING: TrainerLogMarks = {
  runFolder: null,
  renamed: false,
  acceleratorFallback: null,
  stopReceived: false,
  finished: false,
};
/** The lines of sleap-nn 0.3.5 that count. */
const LOG = `${TIME}Input config:
  description: "Finished training at: Setting up model ckpt dir: \`x\`..."
${TIME}Configured accelerator 'gpu' is not available on this machine; changing it to 'auto' (…).
${TIME}Checkpoint path already exists: /abs/runs/a... adding suffix to prevent overwriting.
${TIME}Setting up model ckpt dir: \`/abs/mäuse \` 1/a-1\`...
${TIME}Training on cpu accelerator
${TIME}Received control message: {'command': 'stop'}
${TIME}Finished training at: 2026-11-23 22:52:32.857483
`;
const MARKS: TrainerLogMarks = {
  runFolder: "/abs/mäuse ` 1/a-1",
  renamed: true,
  acceleratorFallback: { asked: "gpu", used: "cpu" },
  stopReceived: true,
  finished: true,
};

async function withLog(
  content: string | Uint8Array,
  fn: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "log.txt");
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    await fn(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("scanTrainerLog() finds every mark", async () => {
  await withLog(LOG, async (path) => {
    assert.deepEqual(await scanTrainerLog({ path, from: 0 }), MARKS);
  });
});

Deno.test("scanTrainerLog() takes nothing from a configuration that is dumped", async () => {
  await withLog(LOG.split("\n").slice(0, 2).join("\n"), async (path) => {
    assert.deepEqual(await scanTrainerLog({ path, from: 0 }), NOTHING);
  });
});

Deno.test("scanTrainerLog() stays in its range", async () => {
  const bytes = new TextEncoder().encode(LOG).length;
  await withLog(`${LOG}${TIME}Input config:\n${LOG}`, async (path) => {
    assert.deepEqual(await scanTrainerLog({ path, from: 0, to: 40 }), NOTHING);
    assert.deepEqual(await scanTrainerLog({ path, from: bytes, to: bytes + 40 }), NOTHING);
    assert.deepEqual(await scanTrainerLog({ path, from: bytes, to: null }), MARKS);
    assert.deepEqual(await scanTrainerLog({ path, from: bytes * 3 }), NOTHING);
  });
  assert.deepEqual(await scanTrainerLog({ path: "none/log.txt", from: 0 }), NOTHING);
});

Deno.test("scanTrainerLog() finds a mark after a progress bar and in a line not yet ended", async () => {
  const text = `Epoch 0: 50%\rEpoch 0: 100%${TIME}Finished training at: now`;
  await withLog(text, async (path) => {
    assert.equal((await scanTrainerLog({ path, from: 0 })).finished, true);
  });
});

Deno.test("scanTrainerLog() stays bounded on a line that never ends", async () => {
  await withLog(`${"x".repeat(3_000_000)}\n${LOG}`, async (path) => {
    assert.deepEqual(await scanTrainerLog({ path, from: 0 }), MARKS);
  });
});

Deno.test("TrainerLogScan.poll() follows a growing log at every cut", async () => {
  const bytes = new TextEncoder().encode(LOG);
  await withLog("", async (path) => {
    const scan = new TrainerLogScan({ path, from: 0 });
    for (let at = 0; at < bytes.length; at += 7) {
      await Deno.writeFile(path, bytes.subarray(at, at + 7), { append: true });
      const { finished, runFolder } = await scan.poll();
      if (finished) assert.equal(runFolder, MARKS.runFolder);
    }
    assert.deepEqual(await scan.poll(), MARKS);
  });
});

Deno.test("scanTrainerLog() reports a fallback before it knows to what", async () => {
  const line = `${TIME}Configured accelerator 'tpu' is not a recognized option; changing it\n`;
  await withLog(line, async (path) => {
    const { acceleratorFallback } = await scanTrainerLog({ path, from: 0 });
    assert.deepEqual(acceleratorFallback, { asked: "tpu", used: null });
  });
  await withLog(`${TIME}Training on cpu accelerator\n`, async (path) => {
    assert.equal((await scanTrainerLog({ path, from: 0 })).acceleratorFallback, null);
  });
});

Deno.test("readLastError() reads the error of its own range", async () => {
  const first = "ValueError: of the first trainer\n";
  const second = "OSError: of the second trainer\n";
  await withLog(first + second, async (path) => {
    assert.equal(await readLastError({ path, from: 0 }), second.trimEnd());
    assert.equal(await readLastError({ path, from: 0, to: first.length }), first.trimEnd());
    assert.equal(await readLastError({ path, from: 1e9 }), null);
  });
  assert.equal(await readLastError({ path: "none/log.txt", from: 0 }), null);
});

Deno.test("readLastError() looks at the last 1 MiB only", async () => {
  const filler = "ordinary output\n".repeat(70_000);
  await withLog(`ValueError: long ago\n${filler}`, async (path) => {
    assert.equal(await readLastError({ path, from: 0 }), null);
  });
  await withLog(`${filler}ValueError: just now\n`, async (path) => {
    assert.equal(await readLastError({ path, from: 0 }), "ValueError: just now");
  });
});
