import assert from "node:assert/strict";
import { isUtf8Locale } from "../../../lib/terminal/locale.ts";
import { type PlotOptions, type PlotSeries, renderPlot } from "../../../lib/terminal/plot.ts";

const PLAIN: PlotOptions = { columns: 24, rows: 4, isUnicode: false, isColoured: false };

function curve(label: string, ys: readonly number[]): PlotSeries {
  return { label, points: ys.map((y, index) => ({ x: index + 1, y })), style: "cyan" };
}

Deno.test("renderPlot() draws a falling curve in ASCII, with the range of both axes", () => {
  const plot = renderPlot([curve("loss", [4, 3, 2, 1])], PLAIN);
  assert.equal(
    plot,
    "* loss\n" +
      "4.000 |***\n" +
      "      |   *****\n" +
      "      |        ******\n" +
      "1.000 |              ***\n" +
      "      +-----------------\n" +
      "       1               4\n",
  );
});

Deno.test("renderPlot() draws a later curve over an earlier one, each with its mark", () => {
  const plot = renderPlot([curve("train", [1, 1]), curve("val", [2, 1])], PLAIN);
  assert.match(plot, /^\. train {3}\* val\n/);
  const last = plot.split("\n")[4] ?? "";
  assert.match(last, /\.\*+$/);
});

Deno.test("renderPlot() in braille holds eight dots a character; colours tell curves apart", () => {
  const one = renderPlot([curve("loss", [2, 1])], { ...PLAIN, isUnicode: true });
  assert.match(one, /[\u2801-\u28ff]/);
  assert.match(one, /└─+\n/);
  const two = [curve("train", [2, 1]), curve("val", [1, 2])];
  assert.doesNotMatch(renderPlot(two, { ...PLAIN, isUnicode: true }), /[\u2801-\u28ff]/);
  const coloured = renderPlot(two, { ...PLAIN, isUnicode: true, isColoured: true });
  assert.ok(coloured.includes("\x1b[36m"));
  assert.match(coloured, /[\u2801-\u28ff]/);
});

Deno.test("renderPlot() takes a logarithmic scale for what spans much, and says so", () => {
  assert.match(renderPlot([curve("loss", [1, 0.1, 0.01])], PLAIN), /\(log scale\)/);
  assert.doesNotMatch(renderPlot([curve("loss", [1, 0.1, 0])], PLAIN), /log/);
});

Deno.test("renderPlot() of nothing, of one point, of equal values, and without room", () => {
  assert.equal(renderPlot([], PLAIN), "");
  assert.equal(renderPlot([curve("loss", [])], PLAIN), "");
  assert.equal(renderPlot([curve("loss", [1, 2])], { ...PLAIN, columns: 12 }), "");
  for (const ys of [[1], [1, 1, 1]]) {
    const plot = renderPlot([curve("loss", ys)], PLAIN);
    assert.match(plot, /\*/);
    assert.doesNotMatch(plot, /NaN|undefined/);
  }
});

Deno.test("renderPlot() fits into its columns", () => {
  for (const columns of [24, 40, 80, 200]) {
    const ys = Array.from({ length: 500 }, (_, index) => 1 / (index + 1));
    const plot = renderPlot([curve("loss", ys)], { ...PLAIN, columns, isUnicode: true });
    for (const line of plot.split("\n")) assert.ok(line.length <= columns, line);
  }
});

Deno.test("isUtf8Locale() goes by the first variable that is set", () => {
  const cases: [env: Record<string, string>, isUtf8: boolean][] = [
    [{ LANG: "en_US.UTF-8" }, true],
    [{ LANG: "de_DE.utf8" }, true],
    [{ LANG: "C" }, false],
    [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
    [{ LC_ALL: "", LC_CTYPE: "C.UTF-8", LANG: "C" }, true],
    [{}, Deno.build.os === "windows"],
  ];
  for (const [env, isUtf8] of cases) {
    assert.equal(isUtf8Locale((name) => env[name]), isUtf8, JSON.stringify(env));
  }
});
