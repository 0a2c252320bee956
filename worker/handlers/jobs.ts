/**
 * Answering clients who ask for jobs, and telling them what happens in them.
 *
 * @module
 */
import { ConflictError, messageOf, SleapRtcError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import {
  decodeSubmit,
  encodeSubmit,
  type JobRejection,
  type SubmitMessage,
} from "../../lib/protocol/job_submit.ts";
import {
  type JobDescription,
  type JobEndedNotice,
  JobRefSchema,
  WatchJobSchema,
  WORKER_METHODS,
} from "../../lib/protocol/worker_calls.ts";
import { readMessage } from "../../lib/transfer/wire.ts";
import type { JobFolder } from "../job_folder.ts";
import { requestOf } from "../submission/training_submission.ts";
import { watchJob } from "../watch_job.ts";
import type { WorkerContext } from "../worker_context.ts";

const log = logger("worker");
/** Submissions of one client that wait while one of it is judged. */
const MAX_WAITING = 8;
/** Submissions of one client without an answer that has left; what comes beyond gets none. */
const MAX_UNANSWERED = 64;
/** Of a text in an answer, in UTF-16 units. */
const MAX_TEXT = 4_000;
/** An event whose outcome is larger than this goes without its hyperparameters, in UTF-16 units. */
const MAX_EVENT = 20_000;

/** How a client is spoken to. */
export interface ClientLine {
  /** Aborted when the client is gone. */
  gone: AbortSignal;
  send(text: string): Promise<void>;
  notify(method: string, params: unknown): Promise<void>;
}

type Submission = Extract<SubmitMessage, { type: "submit" }>;

/** Telling the client of one job. */
interface Relay {
  stop: AbortController;
  /** Never rejected. */
  ended: Promise<void>;
}

/** The jobs of one client's connection. */
export class JobHandlers {
  readonly #context: WorkerContext;
  readonly #line: ClientLine;
  readonly #relays = new Map<string, Relay>();
  #judged: Promise<unknown> = Promise.resolve();
  #unanswered = 0;

  /** The calls, by method. */
  readonly handlers = {
    [WORKER_METHODS.describeJob]: (params: unknown) => this.#describe(params),
    [WORKER_METHODS.watchJob]: (params: unknown) => this.#watch(params),
    [WORKER_METHODS.unwatchJob]: (params: unknown) => this.#unwatch(params),
  };

  constructor(context: WorkerContext, line: ClientLine) {
    this.#context = context;
    this.#line = line;
  }

  /** Take a message that is no call. */
  async receive(message: string | Uint8Array): Promise<void> {
    const decoded = typeof message === "string" ? decodeSubmit(message) : null;
    if (decoded?.type !== "submit") return log.debug("a message that is not understood");
    if (this.#unanswered >= MAX_UNANSWERED) return log.debug("a submission too many is dropped");
    this.#unanswered++;
    try {
      const isTooMany = this.#unanswered > MAX_WAITING;
      const answer = isTooMany ? tooMany(decoded) : await this.#inTurn(decoded);
      await this.#line.send(encodeSubmit(answer));
    } finally {
      this.#unanswered--;
    }
  }

  /** One after the other: judging one reads its files, which may be large. */
  async #inTurn(asked: Submission): Promise<SubmitMessage> {
    const answer = this.#judged.then(() => this.#submit(asked));
    this.#judged = answer;
    return await answer;
  }

  async #submit(asked: Submission): Promise<SubmitMessage> {
    const { registry, allowed, desk } = this.#context;
    try {
      const request = await requestOf(asked.submission, {
        root: registry.root,
        allowed,
        videosOf: this.#context.videosOf,
      });
      const jobId = await desk.submit(request);
      log.info(`job ${jobId} taken`);
      return { type: "accepted", jobId };
    } catch (error) {
      log.warn(`job not taken: ${messageOf(error).slice(0, MAX_TEXT)}`);
      return rejected(asked, error);
    }
  }

  async #describe(params: unknown): Promise<JobDescription> {
    const { job_id } = readMessage(JobRefSchema, params, WORKER_METHODS.describeJob);
    const folder = await this.#context.desk.find(job_id);
    const { models } = await folder.readSpec();
    return {
      model_types: models.map(({ model_type }) => model_type),
      log_path: folder.logPath,
      warnings: [...this.#context.desk.warningsOf(job_id)],
    };
  }

  async #watch(params: unknown): Promise<null> {
    const { job_id, after_seq } = readMessage(WatchJobSchema, params, WORKER_METHODS.watchJob);
    const folder = await this.#context.desk.find(job_id);
    const before = this.#relays.get(job_id);
    before?.stop.abort();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#line.gone]);
    // One at a time, however often a client asks: the one before may still wait for room.
    const ended = (before?.ended ?? Promise.resolve())
      .then(() => this.#relay(folder, after_seq, signal));
    this.#relays.set(job_id, { stop, ended });
    return null;
  }

  #unwatch(params: unknown): null {
    const { job_id } = readMessage(JobRefSchema, params, WORKER_METHODS.unwatchJob);
    this.#relays.get(job_id)?.stop.abort();
    return null;
  }

  async #relay(folder: JobFolder, afterSeq: number, signal: AbortSignal): Promise<void> {
    const { registry, desk } = this.#context;
    const { jobId } = folder;
    const supervisor = desk.supervisorOf(jobId);
    try {
      for await (const event of watchJob(folder, registry, { signal, supervisor, afterSeq })) {
        if (signal.aborted) return;
        await this.#line.notify(WORKER_METHODS.jobEvent, { job_id: jobId, event: fitting(event) });
      }
      const end = signal.aborted ? null : await endOf(folder);
      if (end !== null) await this.#line.notify(WORKER_METHODS.jobEnded, end);
    } catch (error) {
      if (signal.aborted) return;
      log.error(`cannot tell of job ${jobId}: ${messageOf(error)}`);
      const message = error instanceof SleapRtcError ? error.message : "internal error";
      const notice = { job_id: jobId, message: message.slice(0, MAX_TEXT) };
      await this.#line.notify(WORKER_METHODS.jobLost, notice).catch(() => {});
    }
  }
}

async function endOf(folder: JobFolder): Promise<JobEndedNotice | null> {
  const result = await folder.readResult();
  if (result === null) return null;
  const { job_id, status, error, models } = result;
  return { job_id, status, error, models: models.flatMap(({ model_id }) => model_id ?? []) };
}

function fitting(event: JobEvent): JobEvent {
  if (event.type !== "model_finished" || JSON.stringify(event).length <= MAX_EVENT) return event;
  return { ...event, outcome: { ...event.outcome, hyperparameters: null } };
}

function tooMany(asked: Submission): SubmitMessage {
  const hint = "Wait for the answers.";
  return rejected(asked, new ConflictError("Too many jobs are asked for at once", { hint }));
}

function rejected({ clientJobId }: Submission, error: unknown): SubmitMessage {
  return { type: "rejected", clientJobId, errors: [rejectionOf(error)] };
}

function rejectionOf(error: unknown): JobRejection {
  if (!(error instanceof SleapRtcError)) {
    return { field: "internal", message: "Internal error", exit_code: 1 };
  }
  return {
    field: "job",
    message: error.message.slice(0, MAX_TEXT),
    exit_code: error.exitCode,
    ...(error.hint === undefined ? {} : { hint: error.hint.slice(0, MAX_TEXT) }),
  };
}
