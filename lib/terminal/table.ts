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
  /** Style of a cell by its 0-based place. */
  styleOf?(row: number, column: number): Style | null;
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
  const cells = rows.map((row) => row.map(printable));
  const widths = header.map((title, column) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[column] ?? "")))
  );
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

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const ESCAPES: Partial<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text on one line that does nothing to the terminal: control characters are written as escapes
 * (`\n`, `\x1b`). What is stored may come from other people and programs.
 */
export function printable(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replace(
    /\p{Control}/gu,
    (character) =>
      ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** A text of at most `width` columns; what is longer ends in an ellipsis. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let short = "";
  let taken = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    taken += displayWidth(segment);
    if (taken > width) break;
    short += segment;
  }
  return `${short}…`;
}

/** Columns that a text takes on a terminal: wide characters and emoji take two. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
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
