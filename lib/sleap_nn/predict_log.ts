/**
 * What a `sleap-nn predict --gui` tells of itself: a range of the job's log, stdout and stderr mixed.
 *
 * @module
 */
import * as v from "valibot";
import { chunksOf } from "./trainer_log/chunks.ts";
import { lastError } from "./trainer_log/last_error.ts";
import { Tail } from "./trainer_log/tail.ts";

const MAX_LINE_CHARACTERS = 16 * 1024;
const MAX_ERROR_CHARACTERS = 3_000;
/** A traceback and the error line that follows it are shorter. */
const ERROR_BYTES = 64 * 1024;

/** How far sleap-nn is. */
export interface PredictFrames {
  /** With `--tracking` the frames are gone through twice. */
  phase: "inference" | "tracking";
  done: number;
  /** Null: not known. */
  total: number | null;
  /** Frames a second; null: not known. */
  rate: number | null;
  /** Seconds that are left; null: not known. */
  eta: number | null;
}

/** What the lines of sleap-nn tell. */
export interface PredictMarks {
  /** By its last word; null: it has said nothing yet. */
  frames: PredictFrames | null;
  /** Its own error line (0.3.2 and newer), else the last exception; null: there is none. */
  lastError: string | null;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const figure = v.optional(v.nullable(v.number()), null);
/** sleap-nn-contract 3.3. */
const ProgressSchema = v.object({
  n_processed: count,
  n_total: v.optional(v.nullable(count), null),
  rate: figure,
  eta: figure,
});
const ErrorSchema = v.object({ error: v.literal(true), type: v.string(), message: v.string() });

/** Where the output of one sleap-nn is. */
export interface PredictLogRange {
  path: string;
  /** Its first byte in the file. */
  from: number;
}

/** Reads a log that may still grow; each byte once. */
export class PredictLog {
  readonly #path: string;
  readonly #tail = new Tail(ERROR_BYTES);
  readonly #decoder = new TextDecoder();
  #offset: number;
  #line = "";
  #frames: PredictFrames | null = null;
  #error: string | null = null;

  constructor({ path, from }: PredictLogRange) {
    this.#path = path;
    this.#offset = from;
  }

  /** Read what was added since the last call; gives all that is known so far. */
  async poll(): Promise<PredictMarks> {
    for await (const chunk of chunksOf(this.#path, this.#offset, Infinity)) {
      this.#offset += chunk.length;
      this.#tail.add(chunk);
      const lines = (this.#line + this.#decoder.decode(chunk, { stream: true })).split(/[\r\n]/);
      this.#line = (lines.pop() ?? "").slice(0, MAX_LINE_CHARACTERS);
      for (const line of lines) this.#look(line);
    }
    return { frames: this.#frames, lastError: this.#error ?? lastError(this.#tail.text()) };
  }

  /** Before 0.3.2 the log goes between the lines of JSON, and a bar may too. */
  #look(line: string): void {
    const json = jsonOf(line);
    const progress = v.safeParse(ProgressSchema, json);
    if (progress.success) this.#progress(progress.output);
    const error = v.safeParse(ErrorSchema, json);
    if (error.success) {
      const { type, message } = error.output;
      this.#error = `${type}: ${message}`.slice(0, MAX_ERROR_CHARACTERS);
    }
  }

  /** Where the count falls back, the second pass has begun. */
  #progress({ n_processed, n_total, rate, eta }: v.InferOutput<typeof ProgressSchema>): void {
    const isBack = this.#frames !== null && n_processed < this.#frames.done;
    const phase = isBack ? "tracking" : this.#frames?.phase ?? "inference";
    this.#frames = { phase, done: n_processed, total: n_total, rate, eta };
  }
}

function jsonOf(line: string): unknown {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
