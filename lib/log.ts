/**
 * Logging: library code asks for a logger, `main.ts` decides once where the lines go (stderr).
 *
 * @module
 */
import {
  configureSync,
  getLogger,
  type Logger,
  type LogLevel,
  type LogRecord,
} from "@logtape/logtape";

const ROOT = "sleap-rtc";
const encoder = new TextEncoder();

/** The logger of one part of the program: `logger("registry")`. */
export function logger(part: string): Logger {
  return getLogger([ROOT, part]);
}

/**
 * Send log lines of `level` and above to stderr as `2026-11-24T08:00:00.000Z WARN registry: …`.
 *
 * @param level the lowest level that is printed
 */
export function logToStderr(level: LogLevel): void {
  configureSync({
    reset: true,
    sinks: { stderr: (record) => writeLine(formatRecord(record)) },
    loggers: [
      { category: ROOT, lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
}

function formatRecord(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString();
  const message = record.message.map((part) => typeof part === "string" ? part : Deno.inspect(part))
    .join("");
  return `${time} ${record.level.toUpperCase()} ${record.category.slice(1).join(".")}: ${message}`;
}

function writeLine(line: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(`${line}\n`));
  } catch {
    // A closed stderr must never end a job.
  }
}
