/**
 * Logging: library code asks for a logger, `main.ts` decides once where the lines go (stderr).
 *
 * @module
 */
import { configureSync, getLogger, type LogLevel, type LogRecord } from "@logtape/logtape";
import { printable, printableLines } from "./terminal/printable.ts";

const ROOT = "sleap-rtc";
const encoder = new TextEncoder();

/** Takes the log lines of one part of the program, as plain text. */
export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** The logger of one part of the program: `logger("registry")`. */
export function logger(part: string): Logger {
  const inner = getLogger([ROOT, part]);
  return {
    debug: (text) => inner.debug(escaped(text)),
    info: (text) => inner.info(escaped(text)),
    warn: (text) => inner.warn(escaped(text)),
    error: (text) => inner.error(escaped(text)),
  };
}

/** logtape takes `{name}` for a placeholder; in our texts it is part of a path. */
function escaped(text: string): string {
  return text.replaceAll("{", "{{").replaceAll("}", "}}");
}

/** Options of {@linkcode logToStderr}. */
export interface LogOptions {
  /**
   * True: `2026-11-24T08:00:00.000Z WARN registry: …`, for log files. False: `warning: …`, for the
   * person who runs a command.
   *
   * @default {false}
   */
  dated?: boolean;
}

/**
 * Send log lines of `level` and above to stderr.
 *
 * @param level the lowest level that is printed
 */
export function logToStderr(level: LogLevel, options: LogOptions = {}): void {
  const format = options.dated ? formatDated : formatPlain;
  configureSync({
    reset: true,
    sinks: { stderr: (record) => writeLine(format(record)) },
    loggers: [
      { category: ROOT, lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

function formatDated(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString();
  const part = record.category.slice(1).join(".");
  return `${time} ${record.level.toUpperCase()} ${part}: ${printable(textOf(record))}`;
}

function formatPlain(record: LogRecord): string {
  return `${record.level}: ${printableLines(textOf(record))}`;
}

function textOf({ message }: LogRecord): string {
  return message.map(String).join("");
}

function writeLine(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(`${line}\n`));
  } catch {
    // A closed stderr must never end a job.
  }
}
