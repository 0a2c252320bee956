/**
 * Lines for people on stderr; on a terminal, the current step is one line that is replaced.
 *
 * @module
 */
import type { Step } from "./pip.ts";

const CLEAR = "\r\x1b[K";

/** Where the lines go. */
export interface Output {
  /** Whether lines can be replaced. */
  isTerminal: boolean;
  write: (text: string) => void;
}

/** Shows what a long job does. */
export class ProgressLine {
  readonly #output: Output;
  readonly #start = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;
  #step = "";

  constructor(output: Output = stderr()) {
    this.#output = output;
  }

  /** Print a line that stays. */
  line(text: string): void {
    this.#clear();
    this.#output.write(`${text}\n`);
  }

  /** Show a step, until the next step or line. */
  step(step: Step): void {
    if (!this.#output.isTerminal) {
      if (!step.brief) this.#output.write(`  ${step.text}\n`);
      return;
    }
    this.#step = step.text;
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), 1000);
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #draw(): void {
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    this.#output.write(`${CLEAR}  ${seconds} s: ${this.#step}`.slice(0, 79));
  }

  #clear(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.write(CLEAR);
  }
}

function stderr(): Output {
  return {
    isTerminal: Deno.stderr.isTerminal(),
    write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
  };
}
