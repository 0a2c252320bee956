/**
 * A grid of dots that becomes lines of text.
 *
 * @module
 */
import { type Style, styled } from "../table.ts";

const BRAILLE = 0x2800;
/** Bits of the dots in a braille character, by row and column (Unicode, "Braille Patterns"). */
const BITS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]] as const;
/** For curves without colours, the last one the most visible. */
const MARKS = { ascii: [".", "*"], unicode: ["·", "●"] } as const;

/** How a plot may look. */
export interface PlotLook {
  isUnicode: boolean;
  isColoured: boolean;
}

/** What is drawn on. */
export interface Canvas {
  /** Dots in a row, and in a column. */
  readonly width: number;
  readonly height: number;
  /** Set a dot of a curve; it covers those of other curves. */
  set(x: number, y: number, curve: number): void;
  /** What a legend shows for a curve. */
  markOf(curve: number): string;
  /** The text, each curve in its style. */
  lines(styles: readonly Style[]): string[];
}

/** Options of {@linkcode makeCanvas}. */
export interface CanvasOptions extends PlotLook {
  /** Columns and lines of text. */
  columns: number;
  rows: number;
  /** How many curves there will be. */
  count: number;
}

/**
 * Braille, eight dots a character, where the terminal has it and colours, if need be, tell the curves
 * apart; else one mark a character.
 */
export function makeCanvas({ columns, rows, count, isUnicode, isColoured }: CanvasOptions): Canvas {
  if (isUnicode && (isColoured || count === 1)) return new BrailleCanvas(columns, rows, isColoured);
  const marks = MARKS[isUnicode ? "unicode" : "ascii"];
  return new MarkCanvas(columns, rows, { marks: marks.slice(-count), isColoured });
}

/** A character, and the curve that it belongs to. */
interface Cell {
  bits: number;
  curve: number;
}

class BrailleCanvas implements Canvas {
  readonly width: number;
  readonly height: number;
  readonly #cells: (Cell | null)[][];
  readonly #isColoured: boolean;

  constructor(columns: number, rows: number, isColoured: boolean) {
    this.width = 2 * columns;
    this.height = 4 * rows;
    this.#cells = emptyCells(columns, rows);
    this.#isColoured = isColoured;
  }

  set(x: number, y: number, curve: number): void {
    const row = this.#cells[Math.floor(y / 4)];
    const column = Math.floor(x / 2);
    if (row === undefined) return;
    const bit = BITS[y % 4]?.[x % 2] ?? 0;
    row[column] = { bits: (row[column]?.bits ?? 0) | bit, curve };
  }

  markOf(): string {
    return "⠒";
  }

  lines(styles: readonly Style[]): string[] {
    return textOf(this.#cells, styles, this.#isColoured, ({ bits }) => {
      return String.fromCodePoint(BRAILLE + bits);
    });
  }
}

class MarkCanvas implements Canvas {
  readonly width: number;
  readonly height: number;
  readonly #cells: (Cell | null)[][];
  readonly #marks: readonly string[];
  readonly #isColoured: boolean;

  constructor(
    columns: number,
    rows: number,
    look: { marks: readonly string[]; isColoured: boolean },
  ) {
    this.width = columns;
    this.height = rows;
    this.#cells = emptyCells(columns, rows);
    this.#marks = look.marks;
    this.#isColoured = look.isColoured;
  }

  set(x: number, y: number, curve: number): void {
    const row = this.#cells[y];
    if (row !== undefined) row[x] = { bits: 1, curve };
  }

  markOf(curve: number): string {
    return this.#marks[curve] ?? "*";
  }

  lines(styles: readonly Style[]): string[] {
    return textOf(this.#cells, styles, this.#isColoured, ({ curve }) => this.markOf(curve));
  }
}

function emptyCells(columns: number, rows: number): (Cell | null)[][] {
  return Array.from({ length: rows }, () => Array<Cell | null>(columns).fill(null));
}

function textOf(
  cells: readonly (readonly (Cell | null)[])[],
  styles: readonly Style[],
  isColoured: boolean,
  characterOf: (cell: Cell) => string,
): string[] {
  return cells.map((row) =>
    row.map((cell) =>
      cell === null ? " " : styled(characterOf(cell), styles[cell.curve] ?? null, isColoured)
    ).join("").trimEnd()
  );
}
