/**
 * Answering clients who ask for jobs, and telling them what happens in them.
 *
 * @module
 */
import { messageOf, SleapRtcError } from "../../lib/errors.ts";
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
import { requestOf } from "../training_submission.ts";
import { watchJob } from "../watch_job.ts";
import type { WorkerContext } from "../worker_context.ts";

const log = logger("worker");
/** An event whose outcome is larger than this goes without its hyperparameters, in UTF-16 units. */
const MAX_EVENT = 20_000;

/** How a client is spoken to. */
export interface ClientLine {
  /** Aborted when the client is gone. */
  gone: AbortSignal;
  send(text: string): Promise<void>;
  notify(method: string, params: unknown): Promise<void>;
}

/** The jobs of one client's connection. */
export class JobHandlers {
  readonly #context: WorkerContext;
  readonly #line: ClientLine;
  readonly #watched = new Map<string, AbortController>();

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
    await this.#line.send(encodeSubmit(await this.#submit(decoded)));
  }

  async #submit(
    { clientJobId, submission }: Extract<SubmitMessage, { type: "submit" }>,
  ): Promise<SubmitMessage> {
    const { registry, allowed, desk } = this.#context;
    try {
      const request = await requestOf(submission, { root: registry.root, allowed });
      const jobId = await desk.submit(request);
      log.info(`job ${jobId} taken`);
      return { type: "accepted", jobId };
    } catch (error) {
      log.warn(`job not taken: ${messageOf(error)}`);
      return { type: "rejected", clientJobId, errors: [rejectionOf(error)] };
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
    this.#watched.get(job_id)?.abort();
    const stop = new AbortController();
    this.#watched.set(job_id, stop);
    void this.#relay(folder, after_seq, AbortSignal.any([stop.signal, this.#line.gone]));
    return null;
  }

  #unwatch(params: unknown): null {
    const { job_id } = readMessage(JobRefSchema, params, WORKER_METHODS.unwatchJob);
    this.#watched.get(job_id)?.abort();
    return null;
  }

  async #relay(folder: JobFolder, afterSeq: number, signal: AbortSignal): Promise<void> {
    const { registry, desk } = this.#context;
    const { jobId } = folder;
    const supervisor = desk.supervisorOf(jobId);
    try {
      for await (const event of watchJob(folder, registry, { signal, supervisor, afterSeq })) {
        await this.#line.notify(WORKER_METHODS.jobEvent, { job_id: jobId, event: fitting(event) });
      }
      const end = signal.aborted ? null : await endOf(folder);
      if (end !== null) await this.#line.notify(WORKER_METHODS.jobEnded, end);
    } catch (error) {
      if (!signal.aborted) log.error(`cannot tell of job ${jobId}: ${messageOf(error)}`);
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

function rejectionOf(error: unknown): JobRejection {
  if (!(error instanceof SleapRtcError)) {
    return { field: "internal", message: "Internal error", exit_code: 1 };
  }
  return {
    field: "job",
    message: error.message,
    exit_code: error.exitCode,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
