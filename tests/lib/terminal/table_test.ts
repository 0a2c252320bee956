import assert from "node:assert/strict";
import { displayWidth, printable, renderTable, shorten } from "../../../lib/terminal/table.ts";

Deno.test("renderTable() aligns columns and leaves no spaces at line ends", () => {
  const table = renderTable(["ID", "NAME"], [["a", ""], ["bbbb", "long name"]]);
  assert.equal(table, "ID    NAME\na\nbbbb  long name\n");
});

Deno.test("renderTable() aligns wide characters, emoji and combining marks", () => {
  const cells = ["日本", "👩‍🔬", "e\u0301", "plain"];
  const table = renderTable(["NAME", "N"], cells.map((cell) => [cell, "1"]));
  const columns = table.trimEnd().split("\n").slice(1)
    .map((line) => displayWidth(line.slice(0, line.lastIndexOf("1"))));
  assert.deepEqual(columns, [7, 7, 7, 7]);
});

Deno.test("renderTable() pads before it styles, so colours do not shift columns", () => {
  const options = {
    isColoured: true,
    styleOf: (_: number, column: number) => column === 0 ? "red" as const : null,
  };
  assert.equal(
    renderTable(["ID", "N"], [["abc", "1"]], options),
    "\x1b[1mID\x1b[0m   \x1b[1mN\x1b[0m\n\x1b[31mabc\x1b[0m  1\n",
  );
});

Deno.test("renderTable() keeps stored control characters away from the terminal", () => {
  const table = renderTable(["NAME"], [["a\x1b[31m\nb"]], { isColoured: true });
  assert.equal(table.split("\n")[1], "a\\x1b[31m\\nb");
});

Deno.test("printable() writes control characters as escapes and leaves the rest", () => {
  assert.equal(printable("Ä 日本 👩‍🔬"), "Ä 日本 👩‍🔬");
  assert.equal(printable("\0\t\r\x7f\x9b"), "\\x00\\t\\r\\x7f\\x9b");
});

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
