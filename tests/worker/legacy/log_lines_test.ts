import assert from "node:assert/strict";
import fc from "fast-check";
import { LogLines } from "../../../worker/legacy/log_lines.ts";

function linesOf(...texts: string[]): string[] {
  const lines = new LogLines();
  return [...texts.flatMap((text) => lines.add(text)), ...lines.end()]
    .map(({ text, isOverwritten }) => isOverwritten ? `CR ${text}` : text);
}

Deno.test("a log comes in lines; those of a progress bar are marked, empty ones left out", () => {
  assert.deepEqual(linesOf("a\nb\r\n\nc 1%\rc 2%\r\nd"), ["a", "b", "CR c 1%", "c 2%", "d"]);
  assert.deepEqual(linesOf("a\r", "\nb\r", "c"), ["a", "CR b", "c"]);
  assert.deepEqual(linesOf("a\r"), ["a"]);
  assert.deepEqual(linesOf(), []);
});

Deno.test("how a log is cut into parts changes nothing", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\r", "\n") });
  fc.assert(fc.property(fc.array(text), (parts) => {
    assert.deepEqual(linesOf(...parts), linesOf(parts.join("")));
  }));
});

Deno.test("a line that is too long for a message comes in pieces", () => {
  const line = "x".repeat(40_000);
  for (
    const lines of [linesOf(line), linesOf(`${line}\n`), linesOf(line.slice(9), "x".repeat(9))]
  ) {
    assert.ok(lines.every((piece) => piece.length <= 16_000));
    assert.equal(lines.join(""), line);
  }
});
