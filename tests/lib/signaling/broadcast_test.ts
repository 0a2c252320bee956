import assert from "node:assert/strict";
import { Broadcast } from "../../../lib/signaling/client/broadcast.ts";

const DONE = { value: undefined, done: true };

Deno.test("every reader gets what is sent after it began, in order, to the end", async () => {
  const broadcast = new Broadcast<number>(10);
  const first = broadcast.subscribe();
  broadcast.publish(1);
  const second = broadcast.subscribe();
  broadcast.publish(2);
  broadcast.end();
  assert.deepEqual(await Array.fromAsync(first), [1, 2]);
  assert.deepEqual(await Array.fromAsync(second), [2]);
  assert.deepEqual(await Array.fromAsync(broadcast.subscribe()), []);
});

Deno.test("what is sent before anybody reads waits for the first reader only", async () => {
  const broadcast = new Broadcast<number>(2);
  for (const n of [1, 2, 3]) broadcast.publish(n);
  const first = broadcast.subscribe();
  const second = broadcast.subscribe();
  broadcast.end();
  assert.deepEqual(await Array.fromAsync(first), [1, 2]);
  assert.deepEqual(await Array.fromAsync(second), []);
});

Deno.test("a reader can leave while it waits, and disturbs nobody", async () => {
  const broadcast = new Broadcast<number>(10);
  const leaving = broadcast.subscribe();
  const staying = broadcast.subscribe();
  const waiting = leaving.next();
  assert.deepEqual(await leaving.return?.(), DONE);
  assert.deepEqual(await waiting, DONE);
  broadcast.publish(1);
  assert.deepEqual(await leaving.next(), DONE);
  assert.deepEqual(await staying.next(), { value: 1, done: false });
});

Deno.test("a reader that does not keep up misses what is too much", async () => {
  const broadcast = new Broadcast<number>(2);
  const reader = broadcast.subscribe();
  assert.deepEqual([1, 2, 3].map((n) => broadcast.publish(n)), [true, true, false]);
  broadcast.end();
  assert.deepEqual(await Array.fromAsync(reader), [1, 2]);
});
