/**
 * Turns what a running sleap-nn prints about its frames into events.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { stampOfSync } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import { PredictLog, type PredictMarks } from "../../lib/sleap_nn/predict_log.ts";

const log = logger("supervisor");
const POLL_MS = 500;
const EVENT_MS = 1_000;

/** What to watch. */
export interface WatchedPrediction {
  /** Absolute path. */
  logPath: string;
  /** Where its output begins in the log, in bytes. */
  logOffset: number;
  /** Records one event. */
  record(body: JobEventBody): Promise<void>;
}

/** Watches one sleap-nn from its start until after its end. */
export class PredictWatch {
  readonly #watched: WatchedPrediction;
  readonly #log: PredictLog;
  readonly #watching: Promise<void>;
  #marks: PredictMarks = { frames: null, lastError: null };
  #stamp: string | null = null;
  #told = "";
  #toldAt = -Infinity;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(watched: WatchedPrediction) {
    this.#watched = watched;
    this.#log = new PredictLog({ path: watched.logPath, from: watched.logOffset });
    this.#watching = this.#watch();
  }

  /** All that sleap-nn has said, as of the last look. */
  get marks(): PredictMarks {
    return this.#marks;
  }

  /** Stop watching, after a last look. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#watching;
    await this.#look();
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      await this.#look();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, this.#isStopped ? 0 : POLL_MS);
      await promise;
      clearTimeout(timer);
    }
  }

  /** Nothing that goes wrong while looking may end a prediction. */
  async #look(): Promise<void> {
    try {
      const stamp = stampOfSync(this.#watched.logPath);
      if (stamp !== this.#stamp) this.#marks = await this.#log.poll();
      this.#stamp = stamp;
      await this.#tell();
    } catch (error) {
      log.warn(`cannot tell how many frames are done: ${messageOf(error)}`);
    }
  }

  async #tell(): Promise<void> {
    const { frames } = this.#marks;
    if (frames === null) return;
    const key = `${frames.phase} ${frames.done}`;
    const isEarly = performance.now() < this.#toldAt + EVENT_MS && !this.#isStopped;
    if (key === this.#told || isEarly) return;
    this.#told = key;
    this.#toldAt = performance.now();
    await this.#watched.record({ type: "frames", ...frames });
  }
}
