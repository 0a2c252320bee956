import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { type CheckpointVerdict, readCheckpoint } from "../../../lib/sleap_nn/checkpoint_file.ts";
import { checkpointBytes } from "../../support/checkpoint.ts";

const ZIP = [0x50, 0x4b, 0x03, 0x04];
const END = [0x50, 0x4b, 0x05, 0x06, ...new Array<number>(18).fill(0)];

async function withFile(fn: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(join(folder, "best.ckpt"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readBytes(path: string, bytes: Uint8Array): Promise<CheckpointVerdict> {
  await Deno.writeFile(path, bytes);
  return await readCheckpoint(path);
}

function reasonOf(verdict: CheckpointVerdict): string {
  return verdict.ok ? "ok" : verdict.reason;
}

/** A zip whose first member is a pickle with these bytes after each of the two keys. */
function withPickle(afterEpoch: number[], afterStep: number[], memo: number[] = []): Uint8Array {
  const text = (value: string) => [0x58, value.length, 0, 0, 0, ...new TextEncoder().encode(value)];
  const name = [...new TextEncoder().encode("last/data.pkl")];
  const header = [...ZIP, 0, 0, 8, 8, ...new Array<number>(18).fill(0), name.length, 0, 3, 0];
  const keys = [...text("epoch"), ...memo, ...afterEpoch, ...text("global_step"), ...memo];
  const pickle = [0x80, 2, 0x7d, 0x71, 0, 0x28, ...keys, ...afterStep];
  return new Uint8Array([...header, ...name, 9, 9, 9, ...pickle, 0x2e, ...END]);
}

Deno.test("readCheckpoint() reads epoch, step and size of a recorded file", async () => {
  await withFile(async (path) => {
    const verdict = await readBytes(path, await checkpointBytes());
    assert.deepEqual(verdict, { ok: true, epoch: 2, globalStep: 15, bytes: 8192 });
  });
});

Deno.test("readCheckpoint() reads numbers of every size and every memo opcode", async () => {
  const numbers: [number[], number][] = [
    [[0x4b, 200], 200],
    [[0x4d, 0x10, 0x27], 10_000],
    [[0x4a, 0x40, 0x42, 0x0f, 0], 1_000_000],
    [[0x8a, 5, 0, 0, 0, 0x80, 0], 2 ** 31],
    [[0x8a, 6, 0, 0, 0, 0, 1, 0], 2 ** 32],
  ];
  await withFile(async (path) => {
    for (const memo of [[0x71, 7], [0x72, 1, 2, 3, 4], [0x94], []]) {
      for (const [opcodes, value] of numbers) {
        const verdict = await readBytes(path, withPickle(opcodes, [0x4b, 1], memo));
        assert.ok(verdict.ok, JSON.stringify(verdict));
        assert.deepEqual([verdict.epoch, verdict.globalStep], [value, 1]);
      }
    }
  });
});

Deno.test("readCheckpoint() refuses numbers that are no epoch", async () => {
  const tooLarge = [0x8a, 8, ...new Array<number>(7).fill(0xff), 0x7f];
  const numbers = [[0x4a, 0xff, 0xff, 0xff, 0xff], [0x8a, 1, 0x80], [0x4e], tooLarge];
  await withFile(async (path) => {
    for (const opcodes of numbers) {
      assert.equal(
        reasonOf(await readBytes(path, withPickle(opcodes, [0x4b, 1]))),
        "not a checkpoint",
      );
      assert.equal(
        reasonOf(await readBytes(path, withPickle([0x4b, 1], opcodes))),
        "not a checkpoint",
      );
    }
  });
});

Deno.test("readCheckpoint() says what is wrong, and with which file", async () => {
  await withFile(async (path) => {
    assert.deepEqual(await readCheckpoint(path), {
      ok: false,
      reason: "missing",
      detail: `"${path}" does not exist`,
    });
    assert.deepEqual(await readBytes(path, new Uint8Array()), {
      ok: false,
      reason: "truncated",
      detail: `"${path}" is empty`,
    });
    const complete = await checkpointBytes();
    assert.deepEqual(await readBytes(path, complete.subarray(0, 5000)), {
      ok: false,
      reason: "truncated",
      detail: `"${path}" is truncated: it ends after 5000 bytes`,
    });
    assert.deepEqual(await readBytes(path, new TextEncoder().encode("garbage")), {
      ok: false,
      reason: "not a checkpoint",
      detail: `"${path}" is not a PyTorch zip file`,
    });
    assert.deepEqual(
      await readBytes(path, new Uint8Array([...ZIP, ...new Array(60).fill(0), ...END])),
      {
        ok: false,
        reason: "not a checkpoint",
        detail: `"${path}" is a zip file, but not a Lightning checkpoint`,
      },
    );
  });
});

Deno.test("readCheckpoint() refuses a file of zeros, a folder, and a path through a file", async () => {
  await withFile(async (path) => {
    assert.equal(reasonOf(await readBytes(path, new Uint8Array(8192))), "not a checkpoint");
    assert.equal(reasonOf(await readCheckpoint(join(path, ".."))), "unreadable");
    assert.equal(reasonOf(await readCheckpoint(join(path, "last.ckpt"))), "unreadable");
  });
});

Deno.test("readCheckpoint() finds every truncation", async () => {
  const complete = await checkpointBytes({ bytes: 600 });
  await withFile(async (path) => {
    for (let bytes = 0; bytes < complete.length; bytes++) {
      assert.equal(reasonOf(await readBytes(path, complete.subarray(0, bytes))), "truncated");
    }
    assert.equal((await readBytes(path, complete)).ok, true);
  });
});

Deno.test("readCheckpoint() never throws and never takes random bytes for a checkpoint", async () => {
  const garbage = fc.uint8Array({ maxLength: 300 });
  await withFile(async (path) => {
    await fc.assert(fc.asyncProperty(garbage, fc.boolean(), async (bytes, framed) => {
      const content = framed ? new Uint8Array([...ZIP, ...bytes, ...END]) : bytes;
      assert.equal((await readBytes(path, content)).ok, false);
    }));
  });
});

Deno.test("readCheckpoint() never throws on a damaged head", async () => {
  const complete = await checkpointBytes({ bytes: 512 });
  await withFile(async (path) => {
    await fc.assert(fc.asyncProperty(fc.nat(255), fc.nat(255), async (position, byte) => {
      const damaged = complete.slice();
      damaged[position] = byte;
      const verdict = await readBytes(path, damaged);
      if (verdict.ok) assert.ok(verdict.epoch >= 0 && verdict.globalStep >= 0);
    }));
  });
});
