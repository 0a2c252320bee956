/**
 * Curves as text.
 *
 * @module
 */
import { formatLoss } from "./formats.ts";
import { type Canvas, makeCanvas, type PlotLook } from "./plot/canvas.ts";
import { type Style, styled } from "./table.ts";

/** Narrower, no curve can be seen. */
const MIN_CANVAS_COLUMNS = 10;
/** Largest value over smallest one from which on the scale is logarithmic. */
const LOG_RATIO = 20;
const SCALES = { ascii: ["|", "+", "-"], unicode: ["│", "└", "─"] } as const;

/** A point; both finite. */
export interface PlotPoint {
  x: number;
  y: number;
}

/** A curve. */
export interface PlotSeries {
  label: string;
  /** In the order of `x`. */
  points: readonly PlotPoint[];
  style: Style;
}

/** Options of {@linkcode renderPlot}. */
export interface PlotOptions extends PlotLook {
  /** Columns of the terminal. */
  columns: number;
  /** Lines of the canvas. @default {12} */
  rows?: number;
}

/**
 * Curves over one x axis, the later ones on top, with the range of both axes. Values above 0 that
 * span more than a factor of 20 are drawn on a logarithmic scale.
 *
 * @returns lines with newlines; empty where there is nothing to draw, or no room
 */
export function renderPlot(series: readonly PlotSeries[], options: PlotOptions): string {
  const { rows = 12 } = options;
  const drawn = series.filter(({ points }) => points.length > 0);
  const points = drawn.flatMap((one) => one.points);
  if (points.length === 0) return "";
  const xs = rangeOf(points.map(({ x }) => x));
  const ys = rangeOf(points.map(({ y }) => y));
  const isLog = ys.min > 0 && ys.max / ys.min >= LOG_RATIO;
  const labels = [ys.max, ys.min].map(formatLoss);
  const margin = Math.max(...labels.map(({ length }) => length));
  const columns = options.columns - margin - 2;
  if (columns < MIN_CANVAS_COLUMNS) return "";
  const canvas = makeCanvas({ ...options, columns, rows, count: drawn.length });
  const scale = isLog ? Math.log : (value: number) => value;
  for (const [index, one] of drawn.entries()) drawCurve(canvas, index, one, { xs, ys, scale });
  const [bar, corner, line] = SCALES[options.isUnicode ? "unicode" : "ascii"];
  const lines = canvas.lines(drawn.map(({ style }) => style)).map((text, row) => {
    const label = row === 0 ? labels[0] : row === rows - 1 ? labels[1] : "";
    return `${(label ?? "").padStart(margin)} ${bar}${text}`.trimEnd();
  });
  const blank = " ".repeat(margin);
  return [
    legend(drawn, canvas, isLog, options.isColoured),
    ...lines,
    `${blank} ${corner}${line.repeat(columns)}`,
    `${blank}  ${axis(xs, columns)}`,
  ].map((text) => `${text}\n`).join("");
}

interface Range {
  min: number;
  max: number;
}

interface Frame {
  xs: Range;
  ys: Range;
  scale(value: number): number;
}

function rangeOf(values: readonly number[]): Range {
  return values.reduce(
    ({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }),
    { min: Infinity, max: -Infinity },
  );
}

function drawCurve(canvas: Canvas, index: number, { points }: PlotSeries, frame: Frame): void {
  const { xs, ys, scale } = frame;
  const dots = points.map(({ x, y }) => ({
    x: Math.round(fraction(x, xs.min, xs.max) * (canvas.width - 1)),
    y: Math.round((1 - fraction(scale(y), scale(ys.min), scale(ys.max))) * (canvas.height - 1)),
  }));
  for (const [place, dot] of dots.entries()) drawLine(canvas, index, dots[place - 1] ?? dot, dot);
}

/** Where a value is between two others, from 0 to 1; in the middle where these are the same. */
function fraction(value: number, min: number, max: number): number {
  return max === min ? 0.5 : (value - min) / (max - min);
}

function drawLine(canvas: Canvas, index: number, from: PlotPoint, to: PlotPoint): void {
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1);
  for (let step = 0; step <= steps; step++) {
    const part = step / steps;
    canvas.set(
      Math.round(from.x + (to.x - from.x) * part),
      Math.round(from.y + (to.y - from.y) * part),
      index,
    );
  }
}

function legend(
  series: readonly PlotSeries[],
  canvas: Canvas,
  isLog: boolean,
  isColoured: boolean,
): string {
  const names = series.map(({ label, style }, index) =>
    styled(`${canvas.markOf(index)} ${label}`, style, isColoured)
  );
  return [...names, ...isLog ? ["(log scale)"] : []].join("   ");
}

function axis({ min, max }: Range, columns: number): string {
  const [first, last] = [`${min}`, `${max}`];
  return min === max ? first : first + last.padStart(columns - first.length);
}
