/**
 * What the trainer prints: its log on stdout, Lightning's notes and tracebacks on stderr.
 *
 * @module
 */
import { logTime } from "./python/text.ts";

const encoder = new TextEncoder();

/** The trainer's stdout and stderr; a silent one prints nothing. */
export class Output {
  readonly #silent: boolean;

  constructor(silent: boolean) {
    this.#silent = silent;
  }

  /** A log line with its time on stdout; the message may have several lines. */
  log(message: string): void {
    this.print(`${logTime(new Date())} | ${message}`);
  }

  /** A line on stdout as it is. */
  print(line: string): void {
    this.#write(Deno.stdout, `${line}\n`);
  }

  /** Text on stdout without a line end, as progress bars are drawn. */
  draw(text: string): void {
    this.#write(Deno.stdout, text);
  }

  /** A line on stderr. */
  note(line: string): void {
    this.#write(Deno.stderr, `${line}\n`);
  }

  #write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
    if (this.#silent) return;
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  }
}
