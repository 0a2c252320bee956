import assert from "node:assert/strict";
import { renderTable } from "../../../lib/terminal/table.ts";
import { displayWidth } from "../../../lib/terminal/width.ts";

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

Deno.test("renderTable() takes from the flexible columns, in their order, what a row is too wide", () => {
  const rows = [["aaaa0001", "a-long-alias", "a-long-data-set"]];
  const lines = (maxWidth: number) =>
    renderTable(["ID", "ALIAS", "SET"], rows, { maxWidth, flexible: [2, 1] }).split("\n");
  assert.equal(lines(39)[1], "aaaa0001  a-long-alias  a-long-data-set");
  assert.equal(lines(38)[1], "aaaa0001  a-long-alias  a-long-data-s…");
  assert.equal(lines(25)[1], "aaaa0001  a-long-al…  a-…");
  assert.equal(lines(25)[0], "ID        ALIAS       SET");
  assert.equal(lines(1)[1], "aaaa0001  a-lo…  a-…");
});
