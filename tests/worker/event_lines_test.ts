import assert from "node:assert/strict";
import { join } from "node:path";
import { isBatch, lastSeqOf, linesFrom, seqOf } from "../../worker/event_lines.ts";

async function inFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "events.ndjson");
    await Deno.writeTextFile(path, text);
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function line(seq: number, message = "m"): string {
  return `{"seq":${seq},"time":"2026-11-24T08:00:00.000Z","type":"warning","message":"${message}"}`;
}

Deno.test("lines come whole, however long they and the file are, from any line on", async () => {
  const lines = Array.from({ length: 9_000 }, (_, n) => line(n + 1, "ä€😀".repeat(n % 20)));
  lines[500] = line(501, "ü".repeat(600_000));
  const text = `${lines.join("\n")}\n`;
  await inFile(`${text}{"seq":9001,`, async (path) => {
    const portions = await Array.fromAsync(linesFrom(path));
    assert.ok(portions.length > 3, "others have their turn");
    assert.deepEqual(portions.flatMap(({ lines }) => lines), lines);
    assert.equal(portions.at(-1)?.end, new TextEncoder().encode(text).length);
    const [first] = portions;
    const rest = await Array.fromAsync(linesFrom(path, first?.end));
    assert.deepEqual(rest.flatMap(({ lines }) => lines), lines.slice(first?.lines.length));
  });
});

Deno.test("the last number is found from the end, past what is no event", async () => {
  const long = "x".repeat(100_000);
  const texts: [string, number][] = [
    ["", 0],
    ["garbage\n", 0],
    [`${line(7)}\n`, 7],
    [`${line(7)}\n${line(8)}`, 7],
    [`${line(7)}\n${long}\n${long}\n`, 7],
    [`${line(7)}\n${line(8, long)}\n`, 8],
    [`${`${line(1)}\n`.repeat(2_000)}${line(9)}\n{"seq":`, 9],
  ];
  for (const [text, seq] of texts) {
    await inFile(text, async (path) => assert.equal(await lastSeqOf(path), seq));
  }
  assert.equal(await lastSeqOf("no/such/file"), 0);
  assert.deepEqual(await Array.fromAsync(linesFrom("no/such/file")), []);
});

Deno.test("a line's number and kind are seen without decoding it", () => {
  const place = '"time":"2026-11-24T08:00:00.000Z","model":0,"attempt":1';
  assert.ok(isBatch(`{"seq":3,${place},"type":"batch","epoch":0}`));
  assert.ok(!isBatch(`{"seq":3,${place},"type":"epoch","x":{"type":"batch"}}`));
  assert.ok(isBatch('{"seq":3,"time":"2026-11-24T08:00:00.000Z","type":"frames","done":4}'));
  assert.equal(seqOf(line(12)), 12);
  assert.equal(seqOf("null"), null);
});
