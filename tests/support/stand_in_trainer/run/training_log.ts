/**
 * `training_log.csv`: CRLF line ends, one row an epoch, empty where there is no figure yet.
 *
 * @module
 */
import { floatRepr } from "../python/text.ts";

/** The log of one process: its first row starts the file anew. */
export class TrainingLog {
  readonly #path: string;
  readonly #columns: readonly string[];
  #started = false;

  constructor(path: string, columns: readonly string[]) {
    this.#path = path;
    this.#columns = columns;
  }

  /** Append the row of an epoch. */
  append(epoch: number, metrics: ReadonlyMap<string, number>): void {
    const row = this.#columns.map((column) => cell(column, epoch, metrics));
    if (!this.#started) Deno.writeTextFileSync(this.#path, csvLine(this.#columns));
    this.#started = true;
    Deno.writeTextFileSync(this.#path, csvLine(row), { append: true });
  }
}

function cell(column: string, epoch: number, metrics: ReadonlyMap<string, number>): string {
  if (column === "epoch") return String(epoch);
  const value = metrics.get(column === "learning_rate" ? "train/lr" : column);
  return value === undefined ? "" : floatRepr(value);
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\r\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
