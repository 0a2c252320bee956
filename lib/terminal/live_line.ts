/**
 * Lines on stderr with one live line below them.
 *
 * @module
 */
import { isStderrTerminal, terminalColumns, writeSequences } from "./output.ts";
import { printable, printableLines } from "./printable.ts";
import { shorten } from "./width.ts";

const CLEAR_LINE = "\r\x1b[2K";
/** Of a terminal that does not tell. */
const USUAL_COLUMNS = 80;

/** Where the lines go. */
export interface Screen {
  /** Can a line be redrawn? */
  readonly isTerminal: boolean;
  /** Its width now; null where it is not known. */
  columns(): number | null;
  write(text: string): void;
}

/**
 * On a terminal the last line is redrawn in place; in a pipe only whole lines are written. Text does
 * nothing to the terminal.
 */
export class LiveLine {
  readonly #screen: Screen;
  #live = "";

  /** @param screen stderr, unless named */
  constructor(screen: Screen = stderrScreen()) {
    this.#screen = screen;
  }

  /** Write a line that stays; it may have lines of its own. */
  print(line: string): void {
    this.clear();
    this.#screen.write(`${printableLines(line)}\n`);
  }

  /** Replace the live line; a no-op in a pipe. */
  update(text: string): void {
    if (!this.#screen.isTerminal || text === this.#live) return;
    const width = (this.#screen.columns() ?? USUAL_COLUMNS) - 1;
    this.#screen.write(`${CLEAR_LINE}${shorten(printable(text), width)}`);
    this.#live = text;
  }

  /** Say what is so for a while: on a terminal in the live line, in a pipe as a line. */
  note(text: string): void {
    if (this.#screen.isTerminal) this.update(text);
    else this.print(text);
  }

  /** Remove the live line. */
  clear(): void {
    if (this.#live !== "") this.#screen.write(CLEAR_LINE);
    this.#live = "";
  }
}

function stderrScreen(): Screen {
  return { isTerminal: isStderrTerminal(), columns: terminalColumns, write: writeSequences };
}
