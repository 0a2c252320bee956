import assert from "node:assert/strict";
import {
  formatBytes,
  formatDuration,
  formatLoss,
  formatTime,
  ordinal,
} from "../../../lib/terminal/formats.ts";

Deno.test("formatDuration() rounds to seconds, and to minutes above an hour", () => {
  assert.equal(formatDuration(7.6), "8 s");
  assert.equal(formatDuration(59.6), "1 min 00 s");
  assert.equal(formatDuration(125), "2 min 05 s");
  assert.equal(formatDuration(3 * 3600 + 7 * 60 + 59), "3 h 07 min");
});

Deno.test("formatLoss() shows four significant digits", () => {
  assert.equal(formatLoss(0.0123456), "0.01235");
  assert.equal(formatLoss(12.3456), "12.35");
  assert.equal(formatLoss(0.00012345), "1.234e-4");
  assert.equal(formatLoss(0), "0");
  assert.equal(formatLoss(null), "-");
});

Deno.test("formatTime() shows local time without seconds, and - for what is no time", () => {
  const local = new Date(2026, 0, 2, 3, 4, 5);
  assert.equal(formatTime(local.toISOString()), "2026-01-02 03:04");
  assert.equal(formatTime("yesterday"), "-");
  assert.equal(formatTime(null), "-");
});

Deno.test("formatBytes() uses decimal units", () => {
  assert.equal(formatBytes(512), "512 B");
  assert.equal(formatBytes(1_418_133), "1.4 MB");
  assert.equal(formatBytes(999_999), "1.0 MB");
});

Deno.test("ordinal() names a place as people do", () => {
  const places = [1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 101, 111, 112];
  assert.equal(
    places.map(ordinal).join(" "),
    "1st 2nd 3rd 4th 10th 11th 12th 13th 21st 22nd 101st 111th 112th",
  );
});
