/**
 * Telling clients what happens in jobs: their place in the queue, their events, their end.
 *
 * @module
 */
import { messageOf, SleapRtcError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import {
  type JobEndedNotice,
  type JobQueuedNotice,
  JobRefSchema,
  WatchJobSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import { lastSeqOf } from "../event_lines.ts";
import type { JobFolder, JobResult } from "../job_folder.ts";
import type { QueuePlace } from "../queue/places.ts";
import { watchJob } from "../view/watch_job.ts";
import type { Leave } from "../watchers.ts";
import type { WorkerContext } from "../worker_context.ts";
import { type ClientLine, MAX_TEXT } from "./client_line.ts";

const log = logger("worker");
/** An event whose outcome is larger than this goes without its hyperparameters, in UTF-16 units. */
const MAX_EVENT = 20_000;
/** Events that come together share messages up to this size, in UTF-16 units. */
const MAX_GROUP = 20_000;

/** Telling the client of one job. */
interface Relay {
  stop: AbortController;
  /** Never rejected. */
  ended: Promise<void>;
}

/** The jobs that one client watches over its connection. */
export class WatchHandlers {
  readonly #context: WorkerContext;
  readonly #line: ClientLine;
  readonly #relays = new Map<string, Relay>();
  #left: Leave | null = null;

  /** The calls, by method. */
  readonly handlers = {
    [WORKER_METHODS.watchJob]: (params: unknown) => this.#watch(params),
    [WORKER_METHODS.unwatchJob]: (params: unknown) => this.#unwatch(params),
  };

  constructor(context: WorkerContext, line: ClientLine) {
    this.#context = context;
    this.#line = line;
  }

  /** The connection has ended; what that means to the jobs is on the disk when it resolves. */
  async close(left: Leave): Promise<void> {
    this.#left = left;
    await Promise.all([...this.#relays.keys()].map((jobId) => this.#leave(jobId, left)));
  }

  async #watch(params: unknown): Promise<null> {
    const { job_id, after_seq } = readMessage(WatchJobSchema, params, WORKER_METHODS.watchJob);
    const { queue, watchers } = this.#context;
    const folder = await queue.find(job_id);
    const before = this.#relays.get(job_id);
    before?.stop.abort();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#line.gone]);
    // One at a time, however often a client asks: the one before may still wait for room.
    const ended = (before?.ended ?? Promise.resolve())
      .then(() => this.#relay(folder, after_seq, signal));
    this.#relays.set(job_id, { stop, ended });
    await watchers.add(folder, this);
    if (this.#left !== null) await this.#leave(job_id, this.#left);
    return null;
  }

  async #unwatch(params: unknown): Promise<null> {
    const { job_id } = readMessage(JobRefSchema, params, WORKER_METHODS.unwatchJob);
    this.#relays.get(job_id)?.stop.abort();
    await this.#leave(job_id, "goodbye");
    return null;
  }

  async #leave(jobId: string, left: Leave): Promise<void> {
    await this.#context.watchers.remove(jobId, this, left);
  }

  async #relay(folder: JobFolder, afterSeq: number, signal: AbortSignal): Promise<void> {
    const { jobId } = folder;
    try {
      await this.#tellPlaces(jobId, signal);
      await this.#tellEvents(folder, afterSeq, signal);
      const end = signal.aborted ? null : await endOf(folder);
      if (end !== null) {
        this.#context.watchers.forget(jobId);
        await this.#line.notify(WORKER_METHODS.jobEnded, end);
      }
    } catch (error) {
      if (signal.aborted) return;
      log.error(`cannot tell of job ${jobId}: ${messageOf(error)}`);
      const message = error instanceof SleapRtcError ? error.message : "internal error";
      const notice = { job_id: jobId, message: message.slice(0, MAX_TEXT) };
      await this.#line.notify(WORKER_METHODS.jobLost, notice).catch(() => {});
    }
  }

  /** Until the job does not wait any more: before that nothing else happens in it. */
  async #tellPlaces(jobId: string, signal: AbortSignal): Promise<void> {
    const { queue } = this.#context;
    const gone = aborted(signal);
    let told: QueuePlace | null = null;
    while (!signal.aborted) {
      const changed = queue.changed;
      const place = queue.placeOf(jobId);
      if (place === null) return;
      if (place.position !== told?.position || place.reason !== told.reason) {
        const notice: JobQueuedNotice = { job_id: jobId, ...place };
        await this.#line.notify(WORKER_METHODS.jobQueued, notice);
        told = place;
      }
      await Promise.race([changed, gone]);
    }
  }

  async #tellEvents(folder: JobFolder, wanted: number, signal: AbortSignal): Promise<void> {
    const { registry, queue } = this.#context;
    const supervisor = queue.supervisorOf(folder.jobId);
    // Whoever has seen more than there is (a power cut took the end) follows from the end.
    const afterSeq = wanted === 0 ? 0 : Math.min(wanted, await lastSeqOf(folder.eventsPath));
    for await (const events of watchJob(folder, registry, { signal, supervisor, afterSeq })) {
      for (const group of grouped(events.map(fitting))) {
        if (signal.aborted) return;
        await this.#tell(folder.jobId, group);
      }
    }
  }

  async #tell(jobId: string, [event, ...others]: readonly JobEvent[]): Promise<void> {
    const { jobEvent, jobEvents } = WORKER_METHODS;
    const job = { job_id: jobId };
    if (others.length === 0) await this.#line.notify(jobEvent, { ...job, event });
    else await this.#line.notify(jobEvents, { ...job, events: [event, ...others] });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (!signal.aborted) await promise;
}

async function endOf(folder: JobFolder): Promise<JobEndedNotice | null> {
  const result = await folder.readResult();
  if (result === null) return null;
  const { job_id, status, error, output = null } = result;
  return { job_id, status, error, models: await modelsOf(folder, result), output };
}

/** Those that were trained, or those that predicted. */
async function modelsOf(folder: JobFolder, { models }: JobResult): Promise<string[]> {
  const spec = await folder.readSpec().catch(() => null);
  const named = spec?.type === "track" ? spec.predictors : models;
  return named.flatMap(({ model_id }) => model_id ?? []);
}

function fitting(event: JobEvent): JobEvent {
  if (event.type !== "model_finished" || JSON.stringify(event).length <= MAX_EVENT) return event;
  return { ...event, outcome: { ...event.outcome, hyperparameters: null } };
}

/** A message costs time, however small it is. */
function grouped(events: readonly JobEvent[]): JobEvent[][] {
  const groups: JobEvent[][] = [];
  let size = Infinity;
  for (const event of events) {
    const length = JSON.stringify(event).length;
    if (size + length > MAX_GROUP) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(event);
    size += length;
  }
  return groups;
}
