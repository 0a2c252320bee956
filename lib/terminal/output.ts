/**
 * Where text goes: the result to stdout, everything else to stderr.
 *
 * @module
 */
import { printableLines } from "./printable.ts";

const encoder = new TextEncoder();

/**
 * Write to stdout.
 *
 * @throws {Deno.errors.BrokenPipe} when the reader has gone away (`| head`)
 */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}

/**
 * Write lines to stderr, as text that does nothing to the terminal; whether anybody reads it does not
 * matter.
 */
export function writeStderr(text: string): void {
  writeSequences(printableLines(text));
}

/** Write to stderr what may move the cursor of a terminal; nothing from outside unchecked. */
export function writeSequences(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // Nobody reads it.
  }
}

/** Does a person watch stderr, on a terminal that can redraw a line? */
export function isStderrTerminal(): boolean {
  return Deno.stderr.isTerminal() && !isDumb();
}

/** May stdout be coloured? Only on a terminal, and not where `NO_COLOR` is set. */
export function isStdoutColoured(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR") && !isDumb();
}

/** The width that stdout is to fit into; null for a file, a pipe, and a terminal of unknown size. */
export function stdoutColumns(): number | null {
  return Deno.stdout.isTerminal() ? terminalColumns() : null;
}

/** Columns of the terminal; null where it does not tell. */
export function terminalColumns(): number | null {
  try {
    return Deno.consoleSize().columns || null;
  } catch {
    return null;
  }
}

function isDumb(): boolean {
  return Deno.env.get("TERM") === "dumb";
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  let written = 0;
  while (written < bytes.length) written += stream.writeSync(bytes.subarray(written));
}
