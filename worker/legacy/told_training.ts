/**
 * How a Python client is told of a job that trains.
 *
 * @module
 */
import type { JobEvent, ModelOutcome } from "../../lib/protocol/job_events.ts";
import type { TrainSpec } from "../../lib/protocol/job_spec.ts";
import { encodeLegacyJob } from "../../lib/protocol/legacy_job.ts";
import type { JobFolder, JobResult } from "../job_folder.ts";
import { encodeFailure, failureMessage } from "./job_failure.ts";
import type { LegacyLine } from "./line.ts";
import type { LogLine } from "./log_lines.ts";
import type { JobTeller } from "./told_job.ts";

/** Lines of a trainer that a client would take for messages of ours. */
const LIKE_A_MESSAGE =
  /^(?:JOB_|FILE_|FS_|INFERENCE_|AUTH_|WORKER_PATH_|MODEL_TYPE|PROGRESS_REPORT|CR::|END_OF_FILE)/;

/** Tells of a training: its log as it is, its epochs, the end of each of its models. */
export class TrainingTeller implements JobTeller {
  readonly #folder: JobFolder;
  readonly #spec: TrainSpec;
  readonly #line: LegacyLine;
  #isFailureTold = false;

  constructor(folder: JobFolder, spec: TrainSpec, line: LegacyLine) {
    this.#folder = folder;
    this.#spec = spec;
    this.#line = line;
  }

  async line({ text, isOverwritten }: LogLine): Promise<void> {
    const shown = LIKE_A_MESSAGE.test(text) ? ` ${text}` : text;
    await this.#line.send(isOverwritten ? `CR::${shown}` : `${shown}\n`);
  }

  async event(event: JobEvent): Promise<void> {
    if (event.type === "model_registered" && event.model > 0 && event.attempt === 1) {
      const { model_type: modelType } = event;
      await this.#line.send(encodeLegacyJob({ type: "model_type", modelType }));
    } else if (event.type === "epoch") {
      const { epoch, train_loss: loss, val_loss } = event;
      const progress = {
        epoch,
        ...(loss === null ? {} : { loss }),
        ...(val_loss === null ? {} : { val_loss }),
      };
      await this.#line.send(encodeLegacyJob({ type: "progress", progress }));
    } else if (event.type === "model_finished") await this.#endModel(event.model, event.outcome);
  }

  /** Clients wait for a word on the predictions that a Python worker makes after a training. */
  async end(result: JobResult, seconds: number): Promise<void> {
    const { status } = result;
    if (status !== "succeeded" && !this.#isFailureTold) {
      await this.#fail(this.#folder.jobId, failureMessage(result), seconds);
    }
    await this.#skipInference(
      status === "succeeded"
        ? "not_supported"
        : status === "cancelled"
        ? "cancelled"
        : "training_failed",
    );
  }

  async lost(message: string): Promise<void> {
    await this.#fail(this.#folder.jobId, message);
    await this.#skipInference("training_failed");
  }

  async #endModel(model: number, outcome: ModelOutcome): Promise<void> {
    const { status, duration_seconds, stopped_early } = outcome;
    const isOne = this.#spec.models.length === 1;
    const job_id = isOne ? this.#folder.jobId : `${this.#folder.jobId}_${model}`;
    if (status !== "completed") {
      const isCancelled = outcome.reason === "cancelled";
      const failure = { status: isCancelled ? "cancelled" : status, error: outcome.error } as const;
      return await this.#fail(job_id, failureMessage(failure), duration_seconds);
    }
    await this.#line.send(encodeLegacyJob({
      type: "complete",
      result: {
        job_id,
        job_type: "train",
        duration_seconds,
        success: true,
        stopped_early: stopped_early ?? false,
      },
    }));
  }

  async #fail(job_id: string, message: string, seconds?: number): Promise<void> {
    this.#isFailureTold = true;
    await this.#line.send(encodeFailure({
      job_id,
      job_type: "train",
      message,
      ...(seconds === undefined ? {} : { duration_seconds: seconds }),
    }));
  }

  async #skipInference(reason: string): Promise<void> {
    await this.#line.send(encodeLegacyJob({ type: "inference_skipped", reason }));
  }
}
