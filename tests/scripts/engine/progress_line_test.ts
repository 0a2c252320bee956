import assert from "node:assert/strict";
import { ProgressLine } from "../../../scripts/engine/progress_line.ts";

const BRIEF = { text: "looking at scipy", brief: true };
const LONG = { text: "unpacking 188 packages", brief: false };

Deno.test("ProgressLine: a pipe gets plain lines of what takes long", () => {
  assert.equal(shown(false), "Installing\n  unpacking 188 packages\nDone\n");
});

Deno.test("ProgressLine: a terminal gets one line that is replaced", () => {
  const clear = "\r\x1b[K";
  assert.equal(
    shown(true),
    `Installing\n${clear}  0 s: looking at scipy${clear}  0 s: unpacking 188 packages${clear}Done\n`,
  );
});

function shown(isTerminal: boolean): string {
  let text = "";
  using progress = new ProgressLine({ isTerminal, write: (part) => text += part });
  progress.line("Installing");
  progress.step(BRIEF);
  progress.step(LONG);
  progress.line("Done");
  return text;
}
