import assert from "node:assert/strict";
import { LiveLine, type Screen } from "../../../lib/terminal/live_line.ts";

const CLEAR = "\r\x1b[2K";

function screen(columns: number | null, isTerminal = true): Screen & { written: string[] } {
  const written: string[] = [];
  return { written, isTerminal, columns: () => columns, write: (text) => written.push(text) };
}

Deno.test("LiveLine redraws one line and writes the others above it", () => {
  const terminal = screen(80);
  const line = new LiveLine(terminal);
  line.update("epoch 1");
  line.note("epoch 1");
  line.print("registered");
  line.clear();
  assert.deepEqual(terminal.written, [`${CLEAR}epoch 1`, CLEAR, "registered\n"]);
});

Deno.test("LiveLine cuts by columns, one less than the terminal has, 80 if it does not tell", () => {
  const narrow = screen(8);
  new LiveLine(narrow).update("日本のマウス");
  assert.deepEqual(narrow.written, [`${CLEAR}日本の…`]);
  const unknown = screen(null);
  new LiveLine(unknown).update("x".repeat(200));
  assert.deepEqual(unknown.written, [`${CLEAR}${"x".repeat(78)}…`]);
});

Deno.test("LiveLine keeps control characters away from the terminal", () => {
  const terminal = screen(80);
  const line = new LiveLine(terminal);
  line.print("a\x1b[2Jb\nsecond line");
  line.update("c\x1b]0;title\x07\n");
  assert.deepEqual(terminal.written, [
    "a\\x1b[2Jb\nsecond line\n",
    `${CLEAR}c\\x1b]0;title\\x07\\n`,
  ]);
});

Deno.test("LiveLine writes only whole lines into a pipe", () => {
  const pipe = screen(null, false);
  const line = new LiveLine(pipe);
  line.update("epoch 1");
  line.note("waiting");
  line.print("done");
  line.clear();
  assert.deepEqual(pipe.written, ["waiting\n", "done\n"]);
});
