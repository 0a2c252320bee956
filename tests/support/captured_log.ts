import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";

/** Collects the program's log lines of a scope as `warning: text`. */
export class CapturedLog {
  readonly lines: string[] = [];

  constructor() {
    configureSync({
      reset: true,
      sinks: { lines: (record) => this.lines.push(textOf(record)) },
      loggers: [
        { category: "sleap-rtc", lowestLevel: "debug", sinks: ["lines"] },
        { category: ["logtape", "meta"], lowestLevel: "fatal", sinks: ["lines"] },
      ],
    });
  }

  [Symbol.dispose](): void {
    resetSync();
  }
}

function textOf({ level, message }: LogRecord): string {
  return `${level}: ${message.map(String).join("")}`;
}
