/**
 * Text from outside as a terminal may show it. What is stored, and what a trainer says, may come from
 * other people and programs.
 *
 * @module
 */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const ESCAPES: Partial<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text on one line that does nothing to the terminal: control characters are written as escapes
 * (`\n`, `\x1b`).
 */
export function printable(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replace(
    /\p{Control}/gu,
    (character) =>
      ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** {@linkcode printable} for a text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** {@linkcode printableLines} for the output of a program, whose tabs stay tabs. */
export function printableOutput(text: string): string {
  return text.split("\t").map(printableLines).join("\t");
}
