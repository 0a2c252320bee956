/**
 * Showing a job from its submission to its end: the same for a local and a remote one.
 *
 * @module
 */
import {
  type EventsView,
  JobView,
  type KnownModel,
  type Waiting,
} from "../../lib/client/job_view.ts";
import { PredictionView, type Predictor } from "../../lib/client/prediction_view.ts";
import { JobNotSucceededError, LeftByUserError } from "../../lib/errors.ts";
import type { JobEvent, JobStatus, Output } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import { writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { DownloadedOutput, DownloadOptions } from "../../lib/transfer/download.ts";
import type { Interruption } from "./interruption.ts";
import { leftText } from "./left_text.ts";
import {
  fetchOutput,
  type OutputPlace,
  outputPlaceOf,
  type OutputWish,
} from "./prediction_output.ts";
import { describeTrainingEnd, trainingHint } from "./training_end.ts";

/** How a job ended. */
export interface EndedJob {
  status: JobStatus;
  /** Why it did not succeed; null if it did. */
  error: string | null;
  /** What was trained, as the registry has it. */
  models: ModelEntry[];
  /** IDs of the models that predicted. */
  predictors: string[];
  /** Its predictions, where they were made; null: there are none. */
  output: Output | null;
}

/** Something that happens in a job before its end. */
export type JobStep = { event: JobEvent } | { queued: Waiting };

/** What is known of a job before its events. */
export interface DescribedJob {
  type: JobSpec["type"];
  /** Null: not known. */
  status: JobStatus | null;
  /** Types of its models, in order. */
  modelTypes: readonly string[];
  /** File name of what a job that predicts looks at; null: it trains. */
  dataName: string | null;
  /** Empty: it trains. */
  predictors: readonly Predictor[];
  /** What the user should know. */
  warnings: readonly string[];
}

/** A job that was submitted, wherever it runs. */
export interface FollowedJob {
  jobId: string;
  /** What is known of it now. */
  describe(): Promise<DescribedJob>;
  /** What is known of its models now, in order. */
  knownModels(): Promise<readonly KnownModel[]>;
  /**
   * What happens in it, until it has ended or `signal` is aborted.
   *
   * @param afterSeq events up to this number are left out; beyond the last one: all that are there
   */
  steps(afterSeq: number, signal: AbortSignal): AsyncIterable<JobStep>;
  /** How it ended; null while it has not. */
  ended(): Promise<EndedJob | null>;
  /** Fetches its predictions from where it runs; null: it runs on this machine. */
  fetchOutput: ((options: DownloadOptions) => Promise<DownloadedOutput>) | null;
  /** Options with which other commands find it and its models, e.g. `["--registry", "/lab"]`. */
  lookOptions: readonly string[];
  /** The same for a training that resumes one of its models. */
  trainOptions: readonly string[];
}

/** Options of {@linkcode followJob}. */
export interface FollowOptions {
  interruption: Interruption;
  /** Print one JSON document instead of text. */
  isJson: boolean;
  /** Number of the first event to show; `end`: only what happens from now on. @default {1} */
  from?: number | "end";
  /** How the job may end without an error. @default {["succeeded"]} */
  wanted?: readonly JobStatus[];
  /** Fetch its predictions from a worker. @default {they stay there} */
  output?: OutputWish;
}

/**
 * Show a job until it ends, then print what came of it: its models, or the path of its predictions.
 *
 * @throws {JobNotSucceededError} when it ended otherwise than wanted
 * @throws {LeftByUserError} when the user has left; the job goes on
 * @throws {ConflictError} when something is in the place of its predictions
 */
export async function followJob(job: FollowedJob, options: FollowOptions): Promise<void> {
  const { interruption, wanted = ["succeeded"] } = options;
  const line = new LiveLine();
  line.print(`job ${job.jobId}`);
  const described = await interruption.orLeave(job.describe(), leftText(job));
  described.warnings.forEach(warn);
  const place = await outputPlaceOf(job, described, options.output);
  const status = await show(job, described, { ...options, line });
  const left = leftText(job, status, described.type);
  const end = await interruption.orLeaveAtOnce(job.ended(), left);
  if (end === null) throw new LeftByUserError(left);
  const hint = described.type === "train"
    ? tellTraining(job, end, { isJson: options.isJson, modelCount: described.modelTypes.length })
    : await tellPrediction(job, end, { ...options, place, left });
  if (wanted.includes(end.status)) return;
  const why = end.error === null ? "" : `: ${end.error}`;
  throw new JobNotSucceededError(`Job ${job.jobId} ${end.status}${why}`, { hint });
}

/** Returns what to do where it was not wanted so. */
function tellTraining(
  job: FollowedJob,
  { status, models }: EndedJob,
  { isJson, modelCount }: { isJson: boolean; modelCount: number },
): string {
  const end = { status, models, modelCount };
  const document = { job_id: job.jobId, status, models };
  writeStdout(isJson ? toJson(document) : describeTrainingEnd(end, job));
  return trainingHint(end, job);
}

interface PredictionEnd {
  interruption: Interruption;
  isJson: boolean;
  place: OutputPlace | null;
  left: string;
}

/** Returns what to do where it was not wanted so. */
async function tellPrediction(
  job: FollowedJob,
  { status, predictors, output }: EndedJob,
  { interruption, isJson, place, left }: PredictionEnd,
): Promise<string> {
  const isThere = status === "succeeded" && output !== null;
  let path = isThere && job.fetchOutput === null ? output.path : null;
  if (isThere && job.fetchOutput !== null && place !== null) {
    path = (await fetchOutput(job.fetchOutput, place, interruption, left)).path;
  }
  const type = (verb: string) => typedCommand(["jobs", verb, job.jobId, ...job.lookOptions]);
  if (isThere && path === null) {
    writeStderr(`the predictions are on the worker. Fetch them: ${type("attach")}\n`);
  }
  const document = { job_id: job.jobId, status, output: path, models: predictors };
  if (isJson) writeStdout(toJson(document));
  else if (path !== null) writeStdout(`${path}\n`);
  return `sleap-nn's output: ${type("logs")}`;
}

/** Returns the job's status as far as is known. */
async function show(
  job: FollowedJob,
  described: DescribedJob,
  options: FollowOptions & { line: LiveLine },
): Promise<JobStatus> {
  const { interruption, from = 1, line } = options;
  const view = await interruption.orLeave(viewOf(job, described, from), leftText(job));
  let status = described.status ?? "running";
  const redraw = () => line.update(view.statusLine(Date.now()) ?? "");
  const timer = setInterval(redraw, 1_000);
  const afterSeq = from === "end" ? Number.MAX_SAFE_INTEGER : from - 1;
  let missing = from === "end" || from === 1 ? null : from;
  try {
    for await (const step of job.steps(afterSeq, interruption.left)) {
      status = statusAfter(step, status);
      if ("queued" in step) {
        view.wait(step.queued);
        line.note(view.statusLine(Date.now()) ?? "");
        continue;
      }
      if (missing !== null && step.event.seq < missing) line.print(beyondEnd(missing));
      missing = null;
      for (const text of view.add(step.event)) line.print(text);
      const note = view.note();
      if (note !== null) line.note(note);
      redraw();
    }
    if (missing !== null && !interruption.left.aborted) line.print(beyondEnd(missing));
    return status;
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

function statusAfter(step: JobStep, before: JobStatus): JobStatus {
  if ("queued" in step) return "queued";
  if (step.event.type === "job_finished") return step.event.status;
  return before === "queued" ? "running" : before;
}

async function viewOf(
  job: FollowedJob,
  described: DescribedJob,
  from: number | "end",
): Promise<EventsView> {
  if (described.type === "track") return new PredictionView(described);
  const { modelTypes } = described;
  return from === 1 ? new JobView(modelTypes) : new JobView(modelTypes, await job.knownModels());
}

function beyondEnd(seq: number): string {
  return `warning: the job has no event ${seq} yet: shown from its last one on`;
}

function toJson(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Say something on stderr that the user should know before it starts. */
export function warn(text: string): void {
  writeStderr(`warning: ${text}\n`);
}
