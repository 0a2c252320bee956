/**
 * Where text goes: the result to stdout, everything else to stderr.
 *
 * @module
 */
const encoder = new TextEncoder();

/**
 * Write to stdout.
 *
 * @throws {Deno.errors.BrokenPipe} when the reader has gone away (`| head`)
 */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}

/** Write to stderr; whether anybody reads it does not matter. */
export function writeStderr(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // Nobody reads it.
  }
}

/** Does a person watch stderr? */
export function isStderrTerminal(): boolean {
  return Deno.stderr.isTerminal();
}

/** May stdout be coloured? Only on a terminal, and not where `NO_COLOR` is set. */
export function isStdoutColoured(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  let written = 0;
  while (written < bytes.length) written += stream.writeSync(bytes.subarray(written));
}
