/**
 * Columns of text without borders.
 *
 * @module
 */
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
  /** Style of a cell by its text and column. */
  styleOf?(text: string, column: number): Style | null;
}

/** A table with a bold header; each column as wide as its widest cell, no spaces at line ends. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  options: RenderTableOptions = {},
): string {
  const isColoured = options.isColoured ?? false;
  const widths = header.map((title, column) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[column] ?? "")))
  );
  const line = (cells: readonly string[], styleOf: RenderTableOptions["styleOf"]) =>
    cells.map((cell, column) => {
      const isLast = column === cells.length - 1;
      const padding = isLast ? "" : " ".repeat((widths[column] ?? 0) - displayWidth(cell));
      return styled(cell, styleOf?.(cell, column) ?? null, isColoured) + padding;
    }).join(GAP).trimEnd();
  return [line(header, () => "bold"), ...rows.map((row) => line(row, options.styleOf))]
    .map((text) => `${text}\n`).join("");
}

/** Columns that a text takes on a terminal: wide characters and emoji take two. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += segmentWidth(segment);
  return width;
}

/** East Asian Wide and Fullwidth ranges (Unicode UAX 11), and what is drawn as an emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;
const NO_WIDTH = /^(?:\p{Mark}|\p{Control}|\p{Format})+$/u;

function segmentWidth(segment: string): number {
  if (NO_WIDTH.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}
