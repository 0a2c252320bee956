/**
 * Writing down what somebody asks of a job: each wish once.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobEventBody, JobRequestKind } from "../../lib/protocol/job_events.ts";
import type { JobRecord } from "../record/job_record.ts";
import type { RequestWatch } from "./request_watch.ts";

const log = logger("supervisor");

/** Tells of one job, from the moment it is made. */
export class RequestTeller {
  readonly #record: JobRecord;
  readonly #requests: RequestWatch;
  readonly #told = new Set<string>();
  readonly #unsubscribe: () => void;
  #telling: Promise<void> = Promise.resolve();

  constructor(record: JobRecord, requests: RequestWatch) {
    this.#record = record;
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
    const { end, finish } = this.#requests.now;
    if (finish !== null) this.#tellOnce("finish", finish);
    if (end !== null) this.#tellOnce(end);
  }

  #tellOnce(what: JobRequestKind, model?: number): void {
    const wish = `${what} ${model ?? ""}`;
    if (this.#told.has(wish)) return;
    this.#told.add(wish);
    this.#write({ type: "requested", what, ...(model === undefined ? {} : { model }) });
    if (model !== undefined && !this.#mayFinish(model)) {
      const message = "Cannot finish early: the model that was meant has ended";
      this.#write({ type: "warning", model, message });
    }
  }

  /** It trains, or its turn is to come. */
  #mayFinish(model: number): boolean {
    const status = this.#record.state.models[model]?.status;
    return status === "training" || status === "pending";
  }

  #write(body: JobEventBody): void {
    const before = this.#telling;
    this.#telling = before.then(async () => void await this.#record.record(body))
      .catch((error) => log.error(`cannot record ${body.type}: ${messageOf(error)}`));
  }
}
