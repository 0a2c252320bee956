import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobFolder } from "../job_folder.ts";
import { readJobLog } from "../view/job_log.ts";
import { type LogLine, LogLines } from "./log_lines.ts";

const log = logger("worker");
const POLL_MS = 200;

/** Tells what a job writes into its log, line by line, from some place on. */
export class LogRelay {
  readonly #folder: JobFolder;
  readonly #tell: (line: LogLine) => Promise<void>;
  readonly #lines = new LogLines();
  readonly #closed = new AbortController();
  #from: number | null = null;
  #told: Promise<void> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();

  /** @param tell told of each line, one after the other */
  constructor(folder: JobFolder, tell: (line: LogLine) => Promise<void>) {
    this.#folder = folder;
    this.#tell = tell;
  }

  /** Begin at a place of the log, in bytes; begun already, it goes on where it is. */
  begin(from: number): void {
    if (this.#from !== null) return;
    this.#from = from;
    this.#following = this.#follow();
  }

  /** Tell what is in the log now. Never rejected. */
  flush(): Promise<void> {
    this.#told = this.#told.then(() => this.#tellNew()).catch((error) =>
      log.debug(`log of job ${this.#folder.jobId}: ${messageOf(error)}`)
    );
    return this.#told;
  }

  /** Tell the rest and end. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#following;
    await this.flush();
    for (const line of this.#lines.end()) await this.#tell(line);
  }

  /** End, whatever is left. */
  async abandon(): Promise<void> {
    this.#closed.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.flush();
      await delay(POLL_MS, this.#closed.signal);
    }
  }

  async #tellNew(): Promise<void> {
    while (this.#from !== null) {
      const { text, next } = await readJobLog(this.#folder, { from: this.#from });
      if (next === this.#from) return;
      this.#from = next;
      for (const line of this.#lines.add(text)) await this.#tell(line);
    }
  }
}

/** Wait; no longer than the signal lets it. */
async function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
