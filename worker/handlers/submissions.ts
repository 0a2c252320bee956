/**
 * Answering clients who ask for a job to be taken.
 *
 * @module
 */
import { ConflictError, messageOf, SleapRtcError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import {
  decodeSubmit,
  encodeSubmit,
  type JobRejection,
  type SubmitMessage,
} from "../../lib/protocol/job_submit.ts";
import type { NewJob } from "../new_job.ts";
import { predictionRequestOf } from "../submission/prediction_submission.ts";
import { PathNotAllowedError, PathNotFoundError } from "../submission/path_errors.ts";
import { idempotencyKeyOf, requestOf } from "../submission/training_submission.ts";
import type { WorkerContext } from "../worker_context.ts";
import { type ClientLine, MAX_TEXT } from "./client_line.ts";

const log = logger("worker");
/** Submissions of one client that wait while one of it is judged. */
const MAX_WAITING = 8;
/** Submissions of one client without an answer that has left; what comes beyond gets none. */
const MAX_UNANSWERED = 64;
/** Of what names a path, in UTF-16 units. */
const MAX_FIELD = 200;

type Submission = Extract<SubmitMessage, { type: "submit" }>;

/** The submissions of one client's connection. */
export class Submissions {
  readonly #context: WorkerContext;
  readonly #line: Pick<ClientLine, "send">;
  #judged: Promise<unknown> = Promise.resolve();
  #unanswered = 0;

  constructor(context: WorkerContext, line: Pick<ClientLine, "send">) {
    this.#context = context;
    this.#line = line;
  }

  /** Take a message that is no call; the ID of the job that it became, or null. */
  async receive(message: string | Uint8Array): Promise<string | null> {
    const decoded = typeof message === "string" ? decodeSubmit(message) : null;
    if (decoded?.type !== "submit") return dropped("a message that is not understood");
    if (this.#unanswered >= MAX_UNANSWERED) return dropped("a submission too many is dropped");
    this.#unanswered++;
    try {
      const isTooMany = this.#unanswered > MAX_WAITING;
      const answer = isTooMany ? tooMany(decoded) : await this.#inTurn(decoded);
      await this.#line.send(encodeSubmit(answer));
      return answer.type === "accepted" ? answer.jobId : null;
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
    const key = idempotencyKeyOf(asked.submission);
    try {
      const jobId = await this.#knownJob(key) ?? await this.#take(asked.submission);
      log.info(`job ${jobId} taken`);
      return { type: "accepted", jobId };
    } catch (error) {
      // Over another connection the same submission may have been taken meanwhile.
      const known = await this.#knownJob(key).catch(() => null);
      if (known !== null) return { type: "accepted", jobId: known };
      log.warn(`job not taken: ${messageOf(error).slice(0, MAX_TEXT)}`);
      return rejected(asked, error);
    }
  }

  /** What was taken is not judged again: its files, or its model, may be others by now. */
  async #knownJob(key: string | null): Promise<string | null> {
    return key === null ? null : await this.#context.queue.findByKey(key);
  }

  async #take(submission: unknown): Promise<string> {
    const { queue } = this.#context;
    return await queue.submit(await jobOf(submission, this.#context));
  }
}

async function jobOf(submission: unknown, context: WorkerContext): Promise<NewJob> {
  if (!isTrack(submission)) return await requestOf(submission, context);
  return await predictionRequestOf(submission, context);
}

function isTrack(submission: unknown): boolean {
  return typeof submission === "object" && submission !== null && "type" in submission &&
    submission.type === "track";
}

function dropped(why: string): null {
  log.debug(why);
  return null;
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
    ...fieldOf(error),
    message: error.message.slice(0, MAX_TEXT),
    exit_code: error.exitCode,
    ...(error.hint === undefined ? {} : { hint: error.hint.slice(0, MAX_TEXT) }),
  };
}

/** Python clients let their user choose another path where they know which one is amiss. */
function fieldOf(error: SleapRtcError): Pick<JobRejection, "field" | "code"> {
  if (error instanceof PathNotAllowedError || error instanceof PathNotFoundError) {
    return { field: error.field.slice(0, MAX_FIELD), code: error.code };
  }
  return { field: "job" };
}
