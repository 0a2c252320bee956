/**
 * What the output of one trainer says: a range of the job's log, stdout and stderr mixed.
 *
 * @module
 */
import { sizeOf } from "../files/file_info.ts";
import { lastError } from "./trainer_log/last_error.ts";

export { lastError } from "./trainer_log/last_error.ts";

const READ_BYTES = 64 * 1024;
const MAX_LINE_CHARACTERS = 16 * 1024;
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

/** The lines of sleap-nn 0.3.5 that tell something. */
export interface TrainerLogMarks {
  /** The folder that sleap-nn really writes to; null before it says so. */
  runFolder: string | null;
  /** The folder that was asked for held a `best.ckpt`, so sleap-nn took another name. */
  renamed: boolean;
  /** The accelerator that was asked for is not there, and what is used instead once known. */
  acceleratorFallback: { asked: string; used: string | null } | null;
  /** The stop command of the control socket has arrived. */
  stopReceived: boolean;
  /** Fit returned normally: `Finished training at:`. */
  finished: boolean;
}

/** The prefix of sleap-nn's own lines, so that nothing in a dumped configuration counts. */
const LOGGED = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| `;
const RUN_FOLDER = new RegExp(LOGGED + "Setting up model ckpt dir: `(.+)`\\.\\.\\.");
const RENAMED = new RegExp(LOGGED + "Checkpoint path already exists: ");
const FALLBACK = new RegExp(
  LOGGED + "Configured accelerator '(.+)' is not (?:available|a recognized option)",
);
const ACCELERATOR = new RegExp(LOGGED + "Training on (\\S+) accelerator");
const STOP_RECEIVED = new RegExp(LOGGED + "Received control message: \\{");
const FINISHED = new RegExp(LOGGED + "Finished training at: ");

/** Looks for the marks in a log that may still grow; reads each byte once. */
export class TrainerLogScan {
  readonly #path: string;
  readonly #to: number;
  #offset: number;
  #decoder = new TextDecoder();
  #line = "";
  #marks: TrainerLogMarks = {
    runFolder: null,
    renamed: false,
    acceleratorFallback: null,
    stopReceived: false,
    finished: false,
  };

  constructor(range: LogRange) {
    this.#path = range.path;
    this.#offset = range.from;
    this.#to = range.to ?? Infinity;
  }

  /** Read what was added since the last call; returns all marks found so far. */
  async poll(): Promise<TrainerLogMarks> {
    for await (const chunk of chunksOf(this.#path, this.#offset, this.#to)) {
      this.#offset += chunk.length;
      this.#add(this.#decoder.decode(chunk, { stream: true }));
    }
    this.#look(this.#line);
    return { ...this.#marks };
  }

  #add(text: string): void {
    const lines = (this.#line + text).split(/[\r\n]/);
    this.#line = (lines.pop() ?? "").slice(-MAX_LINE_CHARACTERS);
    for (const line of lines) this.#look(line);
  }

  #look(line: string): void {
    const marks = this.#marks;
    marks.runFolder = RUN_FOLDER.exec(line)?.[1] ?? marks.runFolder;
    marks.renamed ||= RENAMED.test(line);
    marks.stopReceived ||= STOP_RECEIVED.test(line);
    marks.finished ||= FINISHED.test(line);
    const asked = FALLBACK.exec(line)?.[1];
    const used = ACCELERATOR.exec(line)?.[1];
    if (asked !== undefined) marks.acceleratorFallback = { asked, used: null };
    else if (used !== undefined && marks.acceleratorFallback !== null) {
      marks.acceleratorFallback = { ...marks.acceleratorFallback, used };
    }
  }
}

/** The marks in a log that no longer grows; none where there is no file. */
export function scanTrainerLog(range: LogRange): Promise<TrainerLogMarks> {
  return new TrainerLogScan(range).poll();
}

/**
 * The last error in a log, see {@linkcode lastError}; reads at most its last 1 MiB.
 *
 * @returns null where there is no error, or no file
 */
export async function readLastError(range: LogRange): Promise<string | null> {
  const to = Math.min(range.to ?? Infinity, await sizeOf(range.path));
  const from = Math.max(range.from, to - ERROR_BYTES);
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunksOf(range.path, from, to)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return lastError(text);
}

async function* chunksOf(path: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const file = await openIfExists(path);
  if (file === null) return;
  try {
    await file.seek(from, Deno.SeekMode.Start);
    let left = to - from;
    while (left > 0) {
      const chunk = new Uint8Array(Math.min(left, READ_BYTES));
      const count = await file.read(chunk);
      if (count === null) return;
      left -= count;
      yield chunk.subarray(0, count);
    }
  } finally {
    file.close();
  }
}

async function openIfExists(path: string): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
