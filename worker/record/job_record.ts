/**
 * Writing down what happens in a job: event first, then the registry, then the state. Only the
 * holder of the job's lock may have a record.
 *
 * @module
 */
import { messageOf, NotFoundError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type {
  FinalJobStatus,
  JobEvent,
  JobEventBody,
  ModelOutcome,
  Output,
} from "../../lib/protocol/job_events.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { modelFolder } from "../../lib/registry/model_folder.ts";
import { bookEvents } from "./bookkeeping.ts";
import { EventWriter, readEvents } from "../job_events.ts";
import type { JobFolder, JobResult, JobState } from "../job_folder.ts";
import { ensureReserve, releaseReserve, withReserve } from "./reserve.ts";

const log = logger("supervisor");
/** Each booking writes the whole manifest: an epoch shares one with its checkpoint. */
const BOOKING_DELAY_MS = 1_000;
/** Events that tell how something ended. */
const ENDINGS: ReadonlySet<string> = new Set([
  "model_finished",
  "predictions_written",
  "job_finished",
]);

/** The record of one job, open for writing. */
export class JobRecord {
  readonly folder: JobFolder;
  readonly registry: ModelRegistry;
  readonly #writer: EventWriter;
  #state: JobState;
  #unbooked: readonly JobEvent[] = [];
  #appending: Promise<unknown> = Promise.resolve();
  #booking: Promise<void> = Promise.resolve();
  #bookingTimer: ReturnType<typeof setTimeout> | undefined;
  #isEnding = false;

  private constructor(
    folder: JobFolder,
    registry: ModelRegistry,
    state: JobState,
    writer: EventWriter,
  ) {
    this.folder = folder;
    this.registry = registry;
    this.#state = state;
    this.#writer = writer;
  }

  /**
   * Open a job's record.
   *
   * @param state as it is on the disk
   */
  static async open(
    folder: JobFolder,
    registry: ModelRegistry,
    state: JobState,
  ): Promise<JobRecord> {
    const booked = await bookedSeq(registry, folder.jobId);
    const writer = await EventWriter.open(folder.eventsPath, booked);
    return new JobRecord(folder, registry, state, writer);
  }

  /** Where the job stands. */
  get state(): JobState {
    return this.#state;
  }

  /** The registered ID of one of the job's models; null before that. */
  modelId(model: number): string | null {
    return this.#state.models[model]?.model_id ?? null;
  }

  /** From here on what is written is how the job ends: on a full disk the reserve is given back. */
  useReserve(): void {
    this.#isEnding = true;
  }

  /**
   * Append an event and book it into the entry of its model; an epoch is booked with the event after
   * it, its checkpoint as a rule, or a second later. Several may be under way: what is appended first
   * is booked first.
   */
  async record(body: JobEventBody): Promise<JobEvent> {
    if (body.type === "trainer_started") await this.#beginModel();
    if (ENDINGS.has(body.type)) this.#isEnding = true;
    const appending = this.#persist(() => this.#writer.append(body));
    this.#appending = appending.catch(() => {});
    const event = await appending;
    if (body.type === "epoch") this.#bookLater(event);
    else await this.#book([event]);
    return event;
  }

  /** Book every event of the job again: whatever a crash left unbooked is booked now. */
  async bookAgain(): Promise<JobEvent[]> {
    const events = await readEvents(this.folder.eventsPath);
    await this.#book(events);
    return events;
  }

  /** Change the job's state on the disk. */
  async setState(change: Partial<JobState>): Promise<void> {
    this.#state = { ...this.#state, ...change, updated_at: new Date().toISOString() };
    await this.#persist(() => this.folder.writeState(this.#state));
  }

  /** Change what the job's state says of one model. */
  async setModel(model: number, change: Partial<JobState["models"][number]>): Promise<void> {
    await this.setState({
      models: this.#state.models.map((one, index) => index === model ? { ...one, ...change } : one),
    });
  }

  /** Write down that a model is in the registry, new or again. */
  async registered(
    model: number,
    modelId: string,
    modelType: string,
    attempt: number = this.#attemptOf(model),
  ): Promise<void> {
    await this.record({
      type: "model_registered",
      model,
      attempt,
      model_id: modelId,
      model_type: modelType,
      folder: modelFolder(modelType, modelId),
    });
  }

  /** Write down how the training of a model ended. */
  async modelFinished(model: number, modelId: string, outcome: ModelOutcome): Promise<void> {
    await this.record({
      type: "model_finished",
      model,
      attempt: this.#attemptOf(model),
      model_id: modelId,
      outcome,
    });
  }

  /**
   * Write down how the job ended.
   *
   * @param output its predictions; null: none
   */
  async finish(
    status: FinalJobStatus,
    error: string | null,
    output: Output | null = null,
  ): Promise<void> {
    await this.record({ type: "job_finished", status, error });
    await this.writeEnd(status, error, output);
  }

  /** Result and state of a job whose `job_finished` is already on the disk. */
  async writeEnd(
    status: FinalJobStatus,
    error: string | null,
    output: Output | null = null,
  ): Promise<void> {
    const result: JobResult = {
      version: 1,
      job_id: this.folder.jobId,
      status,
      error,
      finished_at: new Date().toISOString(),
      models: this.#state.models,
      ...(output === null ? {} : { output }),
    };
    await this.#persist(() => this.folder.writeResult(result));
    await this.setState({ status, trainer: null });
    await releaseReserve(this.folder.path);
  }

  /** Close the events file. */
  async close(): Promise<void> {
    clearTimeout(this.#bookingTimer);
    await this.#booking;
    await this.#writer.close();
  }

  #attemptOf(model: number): number {
    const { trainer } = this.#state;
    return trainer?.model === model ? trainer.attempt : 1;
  }

  /** What a full disk took at the end of the model before is set aside again. */
  async #beginModel(): Promise<void> {
    this.#isEnding = false;
    await ensureReserve(this.folder.path, this.folder.root).catch((error) =>
      log.warn(`cannot set disk space aside: ${messageOf(error)}`)
    );
  }

  #bookLater(event: JobEvent): void {
    this.#unbooked = [...this.#unbooked, event];
    this.#bookingTimer ??= setTimeout(
      () => this.#book([]).catch((error) => log.error(`cannot book: ${messageOf(error)}`)),
      BOOKING_DELAY_MS,
    );
  }

  /**
   * What is being appended meanwhile is booked with it, and what comes while a booking is under way
   * by the next one, all of it at once: each booking writes the manifest. An event
   * whose booking failed is booked with the next one: never after it.
   */
  async #book(events: readonly JobEvent[]): Promise<void> {
    clearTimeout(this.#bookingTimer);
    this.#bookingTimer = undefined;
    this.#unbooked = [...this.#unbooked, ...events];
    const booked = this.#booking.then(() => this.#appending).then(() => this.#bookUnbooked());
    this.#booking = booked.catch(() => {});
    await booked;
  }

  async #bookUnbooked(): Promise<void> {
    const events = this.#unbooked;
    await this.#bookNow(events);
    this.#unbooked = this.#unbooked.slice(events.length);
  }

  async #bookNow(events: readonly JobEvent[]): Promise<void> {
    for (const [model, { model_id }] of this.#state.models.entries()) {
      if (model_id === null) continue;
      const ofModel = events.filter((event) => "model" in event && event.model === model);
      const { jobId } = this.folder;
      try {
        await this.#persist(() => bookEvents(this.registry, jobId, model_id, ofModel));
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        log.warn(`model ${model_id} is no longer in the registry: its job goes on without it`);
      }
    }
  }

  /** The reserve is for how a model ended: what happens before that is said again then. */
  async #persist<T>(write: () => Promise<T>): Promise<T> {
    return this.#isEnding ? await withReserve(this.folder.path, write) : await write();
  }
}

/** Whatever became of the events file: a number that is booked is not given out again. */
async function bookedSeq(registry: ModelRegistry, jobId: string): Promise<number> {
  const booked = (await registry.list()).flatMap((entry) => entry.booked ?? []);
  return Math.max(0, ...booked.filter(({ job_id }) => job_id === jobId).map(({ seq }) => seq));
}
