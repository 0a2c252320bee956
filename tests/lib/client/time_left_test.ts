import assert from "node:assert/strict";
import { secondsLeft } from "../../../lib/client/time_left.ts";

const START = Date.parse("2026-01-01T00:00:00.000Z");
/** An epoch of 10 seconds each, the first one after a minute of imports. */
const end = (epoch: number) => ({ epoch, at: START + 60_000 + (epoch + 1) * 10_000 });

Deno.test("secondsLeft() takes the mean of the epochs, without the time before the first one", () => {
  assert.equal(secondsLeft(end(0), end(1), 10, end(1).at), 80);
  assert.equal(secondsLeft(end(0), end(8), 10, end(8).at), 10);
  assert.equal(secondsLeft(end(4), end(6), 10, end(6).at), 30);
});

Deno.test("secondsLeft() counts down within an epoch, and never up", () => {
  const after = (ms: number) => secondsLeft(end(0), end(1), 10, end(1).at + ms);
  assert.equal(after(4_000), 76);
  assert.equal(after(10_000), 70);
  assert.equal(after(60_000), 70);
  assert.equal(after(-5_000), 80);
});

Deno.test("secondsLeft() says nothing before the second epoch, or without a number of epochs", () => {
  assert.equal(secondsLeft(null, null, 10, START), null);
  assert.equal(secondsLeft(end(0), end(0), 10, end(0).at), null);
  assert.equal(secondsLeft(end(0), end(1), null, end(1).at), null);
});

Deno.test("secondsLeft() is 0 after the last epoch", () => {
  assert.equal(secondsLeft(end(0), end(9), 10, end(9).at + 3_000), 0);
});
