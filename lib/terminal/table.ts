/**
 * Columns of text without borders.
 *
 * @module
 */
import { printable } from "./printable.ts";
import { displayWidth, shorten } from "./width.ts";

const GAP = "  ";

/** Style of a cell on a terminal. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/**
 * Text in a style; unchanged where `isColoured` is false.
 *
 * Escape sequences have no width, so style a cell after it was padded.
 */
export function styled(text: string, style: Style | null, isColoured: boolean): string {
  return isColoured && style !== null ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/** Options of {@linkcode renderTable}. */
export interface RenderTableOptions {
  /** @default {false} */
  isColoured?: boolean;
  /** Style of a cell by its 0-based place. */
  styleOf?(row: number, column: number): Style | null;
  /** Columns of the terminal that a row must fit into; by default it may be of any width. */
  maxWidth?: number;
  /** 0-based columns that are shortened for `maxWidth`, the first one first; none by default. */
  flexible?: readonly number[];
}

/**
 * A table with a bold header; each column as wide as its widest cell, no spaces at line ends. Cells
 * are made {@linkcode printable}.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: RenderTableOptions = {},
): string {
  const isColoured = options.isColoured ?? false;
  const whole = rows.map((row) => row.map(printable));
  const widths = fit(
    header.map((title, column) =>
      whole.reduce(
        (width, row) => Math.max(width, displayWidth(row[column] ?? "")),
        displayWidth(title),
      )
    ),
    header,
    options,
  );
  const cells = whole.map((row) => row.map((text, column) => shorten(text, widths[column] ?? 0)));
  const line = (texts: readonly string[], styleOf: (column: number) => Style | null) =>
    texts.map((text, column) => {
      const isLast = column === texts.length - 1;
      const padding = isLast ? "" : " ".repeat((widths[column] ?? 0) - displayWidth(text));
      return styled(text, styleOf(column), isColoured) + padding;
    }).join(GAP).trimEnd() + "\n";
  const lines = cells.map((texts, row) =>
    line(texts, (column) => options.styleOf?.(row, column) ?? null)
  );
  return [line(header, () => "bold"), ...lines].join("");
}

/** Take what a row is too wide from the flexible columns; a title stays whole. */
function fit(
  widths: readonly number[],
  header: readonly string[],
  { maxWidth = Infinity, flexible = [] }: RenderTableOptions,
): number[] {
  const fitted = [...widths];
  let excess = fitted.reduce((sum, width) => sum + width, GAP.length * (header.length - 1)) -
    maxWidth;
  for (const column of flexible) {
    const width = fitted[column] ?? 0;
    const taken = Math.min(Math.max(0, excess), width - displayWidth(header[column] ?? ""));
    fitted[column] = width - taken;
    excess -= taken;
  }
  return fitted;
}
