/**
 * What the output of one trainer says: a range of the job's log, stdout and stderr mixed.
 *
 * @module
 */
import { chunksOf } from "./trainer_log/chunks.ts";
import { lastError } from "./trainer_log/last_error.ts";
import { lastShellError } from "./trainer_log/shell_error.ts";
import { Tail } from "./trainer_log/tail.ts";

const MAX_LINE_CHARACTERS = 16 * 1024;
const MAX_LAST_LINE = 300;
const ERROR_BYTES = 1024 * 1024;

/** The part of a log that belongs to one trainer. */
export interface LogRange {
  path: string;
  /** First byte. */
  from: number;
  /**
   * First byte that no longer belongs to it; null: to the end of the file.
   * @default {null}
   */
  to?: number | null;
}

/** What the lines of sleap-nn 0.3.5 tell. */
export interface TrainerLogMarks {
  /** The accelerator that was asked for is not there, and what is used instead once known. */
  acceleratorFallback: { asked: string; used: string | null } | null;
  /** Fit returned normally: `Finished training at:`. */
  finished: boolean;
  /** It has taken a command of the control socket, which only knows `stop`. */
  stopReceived: boolean;
}

/** What a whole log tells. */
export interface TrainerLogReport extends TrainerLogMarks {
  /** See {@linkcode lastError}; sought in the last 1 MiB. */
  lastError: string | null;
  /** See {@linkcode lastShellError}; sought in the last 1 MiB. */
  shellError: string | null;
  /** The last line that is not empty, shortened; null: there is none. */
  lastLine: string | null;
}

/** How sleap-nn's own lines begin: nothing in a configuration or a file name counts. */
const LOGGED = String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| `;
const FALLBACK = new RegExp(
  LOGGED + "Configured accelerator '(.+)' is not (?:available|a recognized option)",
);
const ACCELERATOR = new RegExp(LOGGED + "Training on (\\S+) accelerator");
const STOP_RECEIVED = new RegExp(LOGGED + "Received control message: ");
const FINISHED = new RegExp(LOGGED + String.raw`Finished training at: \d{4}-\d\d-\d\d \d\d:`);

/** Looks for the marks in a log that may still grow; reads each byte once. */
export class TrainerLogScan {
  readonly #path: string;
  readonly #to: number;
  readonly #finder = new MarkFinder();
  #offset: number;

  constructor(range: LogRange) {
    this.#path = range.path;
    this.#offset = range.from;
    this.#to = range.to ?? Infinity;
  }

  /** Read what was added since the last call; returns all marks found so far. */
  async poll(): Promise<TrainerLogMarks> {
    for await (const chunk of chunksOf(this.#path, this.#offset, this.#to)) {
      this.#offset += chunk.length;
      this.#finder.add(chunk);
    }
    return this.#finder.marks();
  }
}

/** What a log that no longer grows tells, read once in bounded memory; nothing without a file. */
export async function readTrainerLog(range: LogRange): Promise<TrainerLogReport> {
  const finder = new MarkFinder();
  const tail = new Tail(ERROR_BYTES);
  for await (const chunk of chunksOf(range.path, range.from, range.to ?? Infinity)) {
    finder.add(chunk);
    tail.add(chunk);
  }
  const text = tail.text();
  return {
    ...finder.marks(),
    lastError: lastError(text),
    shellError: lastShellError(text),
    lastLine: lastLine(text),
  };
}

function lastLine(text: string): string | null {
  const line = text.trimEnd().split(/[\r\n]/).at(-1)?.trim() ?? "";
  return line === "" ? null : line.slice(0, MAX_LAST_LINE);
}

/** Finds the marks in a stream of bytes, of which it keeps the beginning of one line. */
class MarkFinder {
  #decoder = new TextDecoder();
  #line = "";
  #marks: TrainerLogMarks = {
    acceleratorFallback: null,
    finished: false,
    stopReceived: false,
  };

  add(chunk: Uint8Array): void {
    const lines = (this.#line + this.#decoder.decode(chunk, { stream: true })).split(/[\r\n]/);
    this.#line = (lines.pop() ?? "").slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) this.#look(line);
  }

  /** All that was found so far, in the line that has not ended too. */
  marks(): TrainerLogMarks {
    this.#look(this.#line);
    return { ...this.#marks };
  }

  #look(line: string): void {
    const marks = this.#marks;
    marks.finished ||= FINISHED.test(line);
    marks.stopReceived ||= STOP_RECEIVED.test(line);
    const asked = FALLBACK.exec(line)?.[1];
    const used = ACCELERATOR.exec(line)?.[1];
    if (asked !== undefined) marks.acceleratorFallback = { asked, used: null };
    else if (used !== undefined && marks.acceleratorFallback !== null) {
      marks.acceleratorFallback = { ...marks.acceleratorFallback, used };
    }
  }
}
