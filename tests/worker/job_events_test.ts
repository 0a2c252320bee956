import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import { EventTail, EventWriter, readEvents } from "../../worker/job_events.ts";

const WARNING: JobEventBody = { type: "warning", message: "look" };

async function inFile(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(join(folder, "events.ndjson"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function append(path: string, ...bodies: JobEventBody[]): Promise<void> {
  const writer = await EventWriter.open(path);
  for (const body of bodies) await writer.append(body);
  await writer.close();
}

Deno.test("events are numbered from 1 without a gap, also after reopening", () =>
  inFile(async (path) => {
    await append(path, WARNING, WARNING);
    await append(path, WARNING);
    const events = await readEvents(path);
    assert.deepEqual(events.map(({ seq }) => seq), [1, 2, 3]);
    assert.match(events[0]?.time ?? "", /Z$/);
  }));

Deno.test("appends that are not awaited keep their order", () =>
  inFile(async (path) => {
    const writer = await EventWriter.open(path);
    const messages = Array.from({ length: 20 }, (_, n) => String(n));
    await Promise.all(messages.map((message) => writer.append({ type: "warning", message })));
    await writer.close();
    const events = await readEvents(path);
    assert.deepEqual(events.map((event) => event.type === "warning" && event.message), messages);
  }));

Deno.test("a torn last line is not read, and cut off by the next append", () =>
  inFile(async (path) => {
    await append(path, WARNING);
    await Deno.writeTextFile(path, '{"seq":2,"time":"2026', { append: true });
    assert.equal((await readEvents(path)).length, 1);
    await append(path, { type: "warning", message: "after" });
    assert.deepEqual((await readEvents(path)).map(({ seq }) => seq), [1, 2]);
    assert.equal((await Deno.readTextFile(path)).split("\n").length, 3);
  }));

Deno.test("an event of a newer program keeps its number and is passed over", () =>
  inFile(async (path) => {
    await append(path, WARNING);
    const unknown = '{"seq":2,"time":"2026-01-01T00:00:00.000Z","type":"from_the_future"}\n';
    await Deno.writeTextFile(path, unknown, { append: true });
    await append(path, WARNING);
    assert.deepEqual((await readEvents(path)).map(({ seq }) => seq), [1, 3]);
  }));

Deno.test("EventTail gives what is new, whole lines only, after a number", () =>
  inFile(async (path) => {
    const tail = new EventTail(path, { afterSeq: 1 });
    assert.deepEqual(await tail.poll(), [], "no file yet");
    await append(path, WARNING, WARNING);
    assert.deepEqual((await tail.poll()).map(({ seq }) => seq), [2]);
    assert.deepEqual(await tail.poll(), []);
    const line = '{"seq":3,"time":"2026-01-01T00:00:00.000Z","type":"warning","message":"ü"}\n';
    const bytes = new TextEncoder().encode(line);
    for (const half of [bytes.subarray(0, 72), bytes.subarray(72)]) {
      assert.deepEqual(await tail.poll(), []);
      await Deno.writeFile(path, half, { append: true });
    }
    assert.deepEqual((await tail.poll()).map(({ seq }) => seq), [3]);
  }));

Deno.test({
  name: "an append that fails half-way leaves whole lines, and its number for the next",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFile(async (path) => {
      const script = fileURLToPath(new URL("../support/append_events.ts", import.meta.url));
      const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
      // As on a disk that fills up: of the event that is too long only the beginning can be written.
      const limited = `trap '' XFSZ; ulimit -f 64; exec "$0" run -A --config "$@"`;
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", limited, Deno.execPath(), config, script, path, "10", "100000", "20"],
      }).output();
      const [first, second, third] = new TextDecoder().decode(stdout).split("\n");
      assert.deepEqual([first, third], ["appended 1", "appended 2"]);
      assert.match(second ?? "", /too large/i);
      const text = await Deno.readTextFile(path);
      assert.deepEqual(text.split("\n").map((line) => line.length > 0), [true, true, false]);
      assert.deepEqual((await readEvents(path)).map(({ seq }) => seq), [1, 2]);
    }),
});

Deno.test("lines that are no events are passed over", () =>
  inFile(async (path) => {
    await Deno.writeTextFile(path, 'garbage\n{"seq":0}\nnull\n[]\n{"seq":1,"time":"x"}\n');
    assert.deepEqual(await readEvents(path), []);
  }));

Deno.test("onlyNewestBatch: the others are left out, in their place", () =>
  inFile(async (path) => {
    const place = { model: 0, attempt: 1, epoch: 0 };
    const batch = (batch: number): JobEventBody => ({ type: "batch", ...place, batch, loss: 0.5 });
    const lines = [WARNING, batch(1), WARNING, batch(2), WARNING];
    const tail = new EventTail(path, { onlyNewestBatch: true });
    await append(path, ...lines);
    assert.deepEqual((await tail.poll()).map(({ seq }) => seq), [1, 3, 4, 5]);
    await append(path, batch(3));
    assert.deepEqual((await tail.poll()).map(({ seq }) => seq), [6]);
    assert.equal((await readEvents(path)).length, 6);
    const later = new EventTail(path, { afterSeq: 5, onlyNewestBatch: true });
    assert.deepEqual((await later.poll()).map(({ seq }) => seq), [6]);
  }));
