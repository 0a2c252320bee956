/**
 * How a Python client is told of a job that predicts.
 *
 * @module
 */
import { basename, dirname, extname } from "node:path";
import { ConnectionError, messageOf } from "../../lib/errors.ts";
import { encodeLegacyJob } from "../../lib/protocol/legacy_job.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import { outputOf } from "../handlers/downloads.ts";
import type { JobFolder, JobResult } from "../job_folder.ts";
import type { WorkerContext } from "../worker_context.ts";
import { encodeFailure, failureMessage } from "./job_failure.ts";
import type { LegacyLine } from "./line.ts";
import type { LogLine } from "./log_lines.ts";
import { sendFile } from "./send_file.ts";
import type { JobTeller } from "./told_job.ts";

/** Python clients keep no file whose name ends otherwise. */
const PREDICTIONS = "predictions.slp";

/** Tells of predictions: the log, the file, the end. */
export class PredictionsTeller implements JobTeller {
  readonly #context: WorkerContext;
  readonly #folder: JobFolder;
  readonly #name: string;
  readonly #line: LegacyLine;

  /** @param name under which the predictions are sent */
  constructor(context: WorkerContext, folder: JobFolder, name: string, line: LegacyLine) {
    this.#context = context;
    this.#folder = folder;
    this.#name = name;
    this.#line = line;
  }

  async line(line: LogLine): Promise<void> {
    await this.#line.send(encodeLegacyJob({ type: "log", ...line }));
  }

  /** The log says it all, also to those who look for lines of progress. */
  async event(): Promise<void> {}

  async end(result: JobResult, seconds: number): Promise<void> {
    if (result.status !== "succeeded") return await this.#fail(failureMessage(result), seconds);
    if (!result.output) return await this.#fail("The job left no predictions", seconds);
    try {
      const output = await outputOf(this.#context, this.#folder.jobId);
      await sendFile(output, this.#name, this.#line);
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      return await this.#fail(`failed to stream output: ${messageOf(error)}`, seconds);
    }
    await this.#line.send(encodeLegacyJob({
      type: "complete",
      result: {
        job_id: this.#folder.jobId,
        job_type: "track",
        duration_seconds: seconds,
        success: true,
        stopped_early: false,
        output_path: result.output.path,
      },
    }));
  }

  async lost(message: string): Promise<void> {
    await this.#fail(message);
  }

  async #fail(message: string, seconds?: number): Promise<void> {
    await this.#line.send(encodeFailure({
      job_id: this.#folder.jobId,
      job_type: "track",
      message,
      ...(seconds === undefined ? {} : { duration_seconds: seconds }),
    }));
  }
}

/**
 * The name under which predictions are sent: as the client called them, as they are called on the
 * worker where it named a path there, or after the data.
 *
 * @param asked null: the client did not say
 */
export function predictionsName(
  { output_path, data_path }: TrackSpec,
  folder: JobFolder,
  asked: string | null,
): string {
  const isAsked = asked !== null || dirname(output_path) !== folder.path;
  const name = asked ?? basename(isAsked ? output_path : data_path);
  if (isAsked && name.endsWith(PREDICTIONS)) return name;
  return `${basename(name, extname(name))}.${PREDICTIONS}`;
}
