import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type LogRange,
  readTrainerLog,
  type TrainerLogMarks,
  type TrainerLogReport,
  TrainerLogScan,
} from "../../../lib/sleap_nn/trainer_log.ts";

const TIME = "2026-11-23 22:49:03 | ";
const FINISHED = `${TIME}Finished training at: 2026-11-23 22:52:32.857483`;
type Report = Omit<TrainerLogReport, "lastLine">;

const NOTHING: Report = {
  acceleratorFallback: null,
  finished: false,
  stopReceived: false,
  lastError: null,
  shellError: null,
};
/** The lines of sleap-nn 0.3.5 that count. */
const LOG = `${TIME}Input config:
  description: "Finished training at: Training on cpu accelerator"
${TIME}Configured accelerator 'gpu' is not available on this machine; changing it to 'auto' (…).
${TIME}Training on cpu accelerator
${TIME}Received control message: {'command': 'stop'}
${FINISHED}
`;
const MARKS: TrainerLogMarks = {
  acceleratorFallback: { asked: "gpu", used: "cpu" },
  finished: true,
  stopReceived: true,
};
const REPORT: Report = { ...NOTHING, ...MARKS };

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

Deno.test("readTrainerLog() finds every mark", async () => {
  await withLog(LOG, async (path) => {
    assert.deepEqual(await readMarks({ path, from: 0 }), REPORT);
  });
});

Deno.test("readTrainerLog() takes nothing from a configuration that is dumped", async () => {
  const texts = [
    LOG.split("\n").slice(0, 2).join("\n"),
    `${TIME}Input config:\ndata_config:\n  train_labels_path:\n  - '/lab/${FINISHED}'\n`,
    `description: ${FINISHED}\n`,
    `  ${FINISHED}\n`,
    `${TIME}Reading /lab/${FINISHED}.slp\n`,
    `${TIME}Finished training at: last, we hope.slp\n`,
    `${TIME}Data: ${TIME}Configured accelerator 'x' is not available\n${TIME}On ${TIME}Training on y accelerator\n`,
  ];
  for (const text of texts) {
    await withLog(text, async (path) => {
      assert.deepEqual(await readMarks({ path, from: 0 }), NOTHING, text);
    });
  }
});

Deno.test("readTrainerLog() stays in its range", async () => {
  const bytes = new TextEncoder().encode(LOG).length;
  await withLog(`${LOG}${TIME}Input config:\n${LOG}`, async (path) => {
    assert.deepEqual(await readMarks({ path, from: 0, to: 40 }), NOTHING);
    assert.deepEqual(await readMarks({ path, from: bytes, to: bytes + 40 }), NOTHING);
    assert.deepEqual(await readMarks({ path, from: bytes, to: null }), REPORT);
    assert.deepEqual(await readMarks({ path, from: bytes * 3 }), NOTHING);
  });
  assert.deepEqual(await readMarks({ path: "none/log.txt", from: 0 }), NOTHING);
});

Deno.test("readTrainerLog() finds a mark after a progress bar and in a line not yet ended", async () => {
  const text = `Epoch 0: 50%\rEpoch 0: 100%\r${FINISHED}`;
  await withLog(text, async (path) => {
    assert.equal((await readMarks({ path, from: 0 })).finished, true);
  });
});

Deno.test("readTrainerLog() stays bounded on a line that never ends", async () => {
  await withLog(`${"x".repeat(3_000_000)}\n${LOG}`, async (path) => {
    assert.deepEqual(await readMarks({ path, from: 0 }), REPORT);
  });
});

Deno.test("readTrainerLog() takes nothing out of the middle of a long line", async () => {
  const pieces = `x${FINISHED} ValueError: x`.repeat(200_000);
  await withLog(pieces, async (path) => {
    assert.deepEqual(await readMarks({ path, from: 0 }), NOTHING);
  });
  await withLog(`${pieces}\nValueError: just now\n`, async (path) => {
    const expected = { ...NOTHING, lastError: "ValueError: just now" };
    assert.deepEqual(await readMarks({ path, from: 0 }), expected);
  });
});

Deno.test("readTrainerLog() holds neither a large log nor a line of 100 MB in memory", async () => {
  await withLog("", async (path) => {
    using file = await Deno.open(path, { write: true });
    const megabyte = new Uint8Array(1024 * 1024).fill(0x78);
    for (let i = 0; i < 100; i++) await file.write(megabyte);
    await file.write(new TextEncoder().encode(`\n${LOG}`));
    const before = Deno.memoryUsage().rss;
    assert.deepEqual(await readMarks({ path, from: 0 }), REPORT);
    const used = Deno.memoryUsage().rss - before;
    assert.ok(used < 64 * 1024 * 1024, `${used} bytes more`);
  });
});

Deno.test("TrainerLogScan.poll() follows a growing log at every cut", async () => {
  const bytes = new TextEncoder().encode(LOG);
  await withLog("", async (path) => {
    const scan = new TrainerLogScan({ path, from: 0 });
    for (let at = 0; at < bytes.length; at += 7) {
      await Deno.writeFile(path, bytes.subarray(at, at + 7), { append: true });
      const { finished, acceleratorFallback } = await scan.poll();
      if (finished) assert.deepEqual(acceleratorFallback, MARKS.acceleratorFallback);
    }
    assert.deepEqual(await scan.poll(), MARKS);
  });
});

Deno.test("readTrainerLog() reports a fallback before it knows to what", async () => {
  const line = `${TIME}Configured accelerator 'tpu' is not a recognized option; changing it\n`;
  await withLog(line, async (path) => {
    const { acceleratorFallback } = await readMarks({ path, from: 0 });
    assert.deepEqual(acceleratorFallback, { asked: "tpu", used: null });
  });
  await withLog(`${TIME}Training on cpu accelerator\n`, async (path) => {
    assert.equal((await readMarks({ path, from: 0 })).acceleratorFallback, null);
  });
});

async function lastErrorIn(range: LogRange): Promise<string | null> {
  return (await readTrainerLog(range)).lastError;
}

Deno.test("readTrainerLog() reads the error of its own range", async () => {
  const first = "ValueError: of the first trainer\n";
  const second = "OSError: of the second trainer\n";
  await withLog(first + second, async (path) => {
    assert.equal(await lastErrorIn({ path, from: 0 }), second.trimEnd());
    assert.equal(await lastErrorIn({ path, from: 0, to: first.length }), first.trimEnd());
    assert.equal(await lastErrorIn({ path, from: 1e9 }), null);
  });
  assert.equal(await lastErrorIn({ path: "none/log.txt", from: 0 }), null);
});

Deno.test("readTrainerLog() looks at the last 1 MiB only", async () => {
  const filler = "ordinary output\n".repeat(70_000);
  await withLog(`ValueError: long ago\n${filler}`, async (path) => {
    assert.equal(await lastErrorIn({ path, from: 0 }), null);
  });
  await withLog(`${filler}ValueError: just now\n`, async (path) => {
    assert.equal(await lastErrorIn({ path, from: 0 }), "ValueError: just now");
  });
});

Deno.test("readTrainerLog() takes nothing from the middle of the first line of that 1 MiB", async () => {
  const line = `${"y".repeat(40)} ValueError: not at the beginning of a line `;
  for (let shift = 0; shift < 40; shift++) {
    const text = `${"z".repeat(shift)}${line.repeat(30_000)}\nordinary output\n`;
    await withLog(text, async (path) => {
      assert.equal(await lastErrorIn({ path, from: 0 }), null);
    });
  }
});

Deno.test("readTrainerLog() finds what a real shell says of a program it cannot run", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = (name: string) => join(folder, name);
    const orphan = path("orphan");
    await Deno.writeTextFile(orphan, "#!/no/such/python\n", { mode: 0o755 });
    const plain = path("plain");
    await Deno.writeTextFile(plain, "", { mode: 0o644 });
    const wrapper = path("wrapper");
    await Deno.writeTextFile(wrapper, "#!/bin/sh\nexec /no/such/program\n", { mode: 0o755 });
    const env = path("env");
    await Deno.writeTextFile(env, "#!/usr/bin/env no-such-python\n", { mode: 0o755 });
    const cases = [path("none"), orphan, plain, wrapper, env];
    for (const program of cases) {
      const child = new Deno.Command("/bin/sh", {
        args: ["-c", 'exec "$@" </dev/null', "sh", program],
        stderr: "piped",
      });
      const { code, stderr } = await child.output();
      assert.ok(code === 126 || code === 127, `${program}: ${code}`);
      const said = new TextDecoder().decode(stderr).trimEnd();
      const text = `${TIME}before\n${said}\n2026-11-24T08:00:00.000Z WARN supervisor: after\n`;
      await withLog(text, async (log) => {
        const { shellError } = await readMarks({ path: log, from: 0 });
        assert.equal(shellError, said.split("\n").at(-1));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Everything but the last line, which every log has. */
async function readMarks(range: LogRange): Promise<Report> {
  const { lastLine: _lastLine, ...marks } = await readTrainerLog(range);
  return marks;
}

Deno.test("readTrainerLog() gives the last line, whatever it is, shortened", async () => {
  const lines = { "a\nwhat():  CUDA error\n\n": "what():  CUDA error", "": null, " \n": null };
  for (const [text, expected] of Object.entries(lines)) {
    await withLog(text, async (path) => {
      assert.equal((await readTrainerLog({ path, from: 0 })).lastLine, expected);
    });
  }
  await withLog("x".repeat(10_000), async (path) => {
    assert.equal((await readTrainerLog({ path, from: 0 })).lastLine, "x".repeat(300));
  });
});
