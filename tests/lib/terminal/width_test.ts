import assert from "node:assert/strict";
import { displayWidth, shorten } from "../../../lib/terminal/width.ts";

Deno.test("displayWidth() counts columns", () => {
  assert.equal(displayWidth("abc"), 3);
  assert.equal(displayWidth("日本"), 4);
  assert.equal(displayWidth("👩‍🔬"), 2);
  assert.equal(displayWidth("é"), 1);
});

Deno.test("AL41 shorten() cuts what is too long, with an ellipsis, by columns", () => {
  assert.equal(shorten("mouse-v2", 15), "mouse-v2");
  assert.equal(shorten("exactly-fifteen", 15), "exactly-fifteen");
  assert.equal(shorten("a-very-long-alias", 15), "a-very-long-al…");
  assert.equal(shorten("日本のマウス", 6), "日本…");
});
