/**
 * Writing down that nobody watches a training any more who wanted to, and that somebody does again.
 *
 * @module
 */
import type { JobRecord } from "../record/job_record.ts";
import type { RequestWatch } from "../requests/request_watch.ts";
import { quietly } from "./run.ts";

/** The run that is told of. */
export interface ToldRun {
  record: JobRecord;
  /** Index into the job's models. */
  model: number;
  attempt: number;
}

/** Tells of one run, from the moment it is made: a connection may be lost before a model begins. */
export class ConnectionTeller {
  readonly #run: ToldRun;
  readonly #requests: RequestWatch;
  readonly #unsubscribe: () => void;
  #isLost = false;
  #telling: Promise<void> = Promise.resolve();

  constructor(run: ToldRun, requests: RequestWatch) {
    this.#run = run;
    this.#requests = requests;
    this.#unsubscribe = requests.onChange(() => this.#tell());
    this.#tell();
  }

  /** Tell no more; what was told is on the disk when the promise resolves. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#telling;
  }

  #tell(): void {
    const { isLost } = this.#requests.now;
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    const { record, model, attempt } = this.#run;
    const type = isLost ? "connection_lost" : "connection_regained";
    const before = this.#telling;
    this.#telling = quietly(`record ${type}`, async () => {
      await before;
      await record.record({ type, model, attempt });
    });
  }
}
