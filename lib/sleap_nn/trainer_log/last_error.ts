/**
 * The error that a Python program such as sleap-nn ended with, found in its output.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";

const MAX_LINES = 6;
const MAX_LINE_CHARACTERS = 500;

const TRACEBACK = "Traceback (most recent call last):";
/** `module.NameError: message`; sleap-nn 0.3.5 and its libraries name their errors so. */
const ERROR_LINE = /^[\w.]*(?:Error|Exception|Interrupt)(?::|$)/;
/** Any exception's last line, right after its traceback. */
const EXCEPTION_LINE = /^[A-Za-z_][\w.]*(?::|$)/;
/** Noise of the interpreter's end, with a traceback of its own. */
const IGNORED_EXCEPTION = /^Exception ignored in\b/;
/** How click ends on an interrupt, or on an EOFError. */
const ABORTED = /^Aborted[.!]$/;
const BOX_TOP = /^╭─ Error ─/;
const BOX_BOTTOM = /^╰/;
/** Where an error message of several lines is over. */
const FOREIGN_LINES = [
  /^$/,
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/,
  /^Traceback \(/,
  IGNORED_EXCEPTION,
  /:\d+: \w*Warning: /,
  /^wandb: /,
  /^\{"/,
];

const ABORTED_TEXT = "Aborted. (sleap-nn was interrupted, or a file that it read was empty)";

/**
 * The last error in the output of sleap-nn.
 *
 * That is the last exception with the lines that belong to its message, a usage error in a box,
 * or a lone `Aborted.`, whichever comes last.
 *
 * @param text stdout and stderr, mixed
 * @returns at most 7 lines, or null where there is no error
 */
export function lastError(text: string): string | null {
  const lines = stripVTControlCharacters(text).split(/\r\n|\n|\r/).map(cleanLine);
  let found: string | null = null;
  let inTraceback = false;
  let ignored = false;
  for (const [position, line] of lines.entries()) {
    if (line === TRACEBACK) {
      inTraceback = true;
    } else if (IGNORED_EXCEPTION.test(line)) {
      ignored = true;
    } else if (ERROR_LINE.test(line) || (inTraceback && EXCEPTION_LINE.test(line))) {
      if (!ignored) found = exceptionAt(lines, position);
      inTraceback = false;
      ignored = false;
    } else if (BOX_TOP.test(line)) {
      found = boxAt(lines, position);
    } else if (ABORTED.test(line)) {
      found = ABORTED_TEXT;
    }
  }
  return found;
}

/** Processes of a multi-GPU training prefix their lines. */
function cleanLine(line: string): string {
  return line.replace(/^\[rank\d+\]: /, "").trimEnd();
}

function exceptionAt(lines: string[], position: number): string {
  const length = lines.slice(position + 1).findIndex(isForeign);
  const end = length < 0 ? lines.length : position + 1 + length;
  return shorten(lines.slice(position, end));
}

function isForeign(line: string): boolean {
  return FOREIGN_LINES.some((pattern) => pattern.test(line));
}

/** The text inside of `╭─ Error ─╮ │ text │ ╰─╯`. */
function boxAt(lines: string[], position: number): string {
  const length = lines.slice(position + 1).findIndex((line) => BOX_BOTTOM.test(line));
  const end = length < 0 ? lines.length : position + 1 + length;
  const content = lines.slice(position + 1, end).map((line) => line.replaceAll("│", "").trim());
  return shorten([content.join(" ").trim()]);
}

function shorten(lines: string[]): string {
  const shown = lines.slice(0, MAX_LINES).map((line) =>
    line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line
  );
  const rest = lines.length - shown.length;
  if (rest > 0) shown.push(`… and ${rest} more lines`);
  return shown.join("\n");
}
