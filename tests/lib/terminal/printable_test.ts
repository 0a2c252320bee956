import assert from "node:assert/strict";
import { printable, printableLines, printableOutput } from "../../../lib/terminal/printable.ts";

Deno.test("printable() writes control characters as escapes and leaves the rest", () => {
  assert.equal(printable("Ä 日本 👩‍🔬"), "Ä 日本 👩‍🔬");
  assert.equal(printable("\0\t\r\x7f\x9b"), "\\x00\\t\\r\\x7f\\x9b");
});

Deno.test("printableLines() leaves line ends and nothing else of the control characters", () => {
  assert.equal(printableLines("a\r\x1b[31m\nb\n"), "a\\r\\x1b[31m\nb\n");
});

Deno.test("printableOutput() leaves lines and tabs, and shows what would move a cursor", () => {
  assert.equal(printableOutput("a\tb\n\x1b[2J\r\n\tc"), "a\tb\n\\x1b[2J\\r\n\tc");
});
