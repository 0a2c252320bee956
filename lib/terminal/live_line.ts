/**
 * Lines on stderr with one live line below them.
 *
 * @module
 */
import { isStderrTerminal, writeStderr } from "./output.ts";

const CLEAR_LINE = "\r\x1b[2K";

/** On a terminal the last line is redrawn in place; in a pipe only whole lines are written. */
export class LiveLine {
  readonly #isTerminal: boolean;
  #live = "";

  constructor() {
    this.#isTerminal = isStderrTerminal();
  }

  /** Write a line that stays. */
  print(line: string): void {
    this.clear();
    writeStderr(`${line}\n`);
  }

  /** Replace the live line; a no-op in a pipe. */
  update(text: string): void {
    if (!this.#isTerminal || text === this.#live) return;
    const width = Deno.consoleSize().columns - 1;
    writeStderr(`${CLEAR_LINE}${text.slice(0, width)}`);
    this.#live = text;
  }

  /** Remove the live line. */
  clear(): void {
    if (this.#live !== "") writeStderr(CLEAR_LINE);
    this.#live = "";
  }
}
