/**
 * Showing a job from its submission to its end: the same for a local and a remote one.
 *
 * @module
 */
import { JobView, type KnownModel, type Waiting } from "../../lib/client/job_view.ts";
import { JobNotSucceededError, LeftByUserError } from "../../lib/errors.ts";
import type { JobEvent, JobStatus } from "../../lib/protocol/job_events.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { formatLoss } from "../../lib/terminal/formats.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import { writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import type { Interruption } from "./interruption.ts";

/** How a job ended, with its models as the registry has them. */
export interface EndedJob {
  status: JobStatus;
  /** Why it did not succeed; null if it did. */
  error: string | null;
  models: ModelEntry[];
}

/** Something that happens in a job before its end. */
export type JobStep = { event: JobEvent } | { queued: Waiting };

/** A job that was submitted, wherever it runs. */
export interface FollowedJob {
  jobId: string;
  /** Types of its models, in order. */
  modelTypes(): Promise<readonly string[]>;
  /** Its status when `modelTypes()` was answered; null: not known. */
  knownStatus(): JobStatus | null;
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
}

/**
 * Show a job until it ends, then print its models.
 *
 * @throws {JobNotSucceededError} when it ended otherwise than wanted
 * @throws {LeftByUserError} when the user has left; the job goes on
 */
export async function followJob(job: FollowedJob, options: FollowOptions): Promise<void> {
  const { interruption, isJson, wanted = ["succeeded"] } = options;
  const { status, modelCount } = await show(job, options);
  const left = leftText(job, status);
  const end = await interruption.orLeaveAtOnce(job.ended(), left);
  if (end === null) throw new LeftByUserError(left);
  const { models, error } = end;
  const resumable = resumableOf(end, modelCount);
  writeStdout(
    isJson
      ? `${JSON.stringify({ job_id: job.jobId, status: end.status, models }, null, 2)}\n`
      : describeEnd(models, resumable, job),
  );
  if (!wanted.includes(end.status)) {
    throw new JobNotSucceededError(
      `Job ${job.jobId} ${end.status}${error === null ? "" : `: ${error}`}`,
      { hint: hintOf(job, resumable) },
    );
  }
}

/** What was seen of a job. */
interface ShownJob {
  /** As far as is known. */
  status: JobStatus;
  modelCount: number;
}

async function show(job: FollowedJob, options: FollowOptions): Promise<ShownJob> {
  const { interruption, from = 1 } = options;
  const line = new LiveLine();
  line.print(`job ${job.jobId}`);
  const types = await interruption.orLeave(job.modelTypes(), leftText(job));
  const view = await interruption.orLeave(viewOf(job, types, from), leftText(job));
  let status = job.knownStatus() ?? "running";
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
      redraw();
    }
    if (missing !== null && !interruption.left.aborted) line.print(beyondEnd(missing));
    return { status, modelCount: types.length };
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
  types: readonly string[],
  from: number | "end",
): Promise<JobView> {
  return from === 1 ? new JobView(types) : new JobView(types, await job.knownModels());
}

function beyondEnd(seq: number): string {
  return `warning: the job has no event ${seq} yet: shown from its last one on`;
}

/** What somebody is told who leaves a job, by its status as far as that is known. */
export function leftText(
  job: Pick<FollowedJob, "jobId" | "lookOptions">,
  status: JobStatus = "running",
): string {
  const type = (verb: string) => typedCommand(["jobs", verb, job.jobId, ...job.lookOptions]);
  const cancel = `cancel: ${type("cancel")}`;
  const attach = `attach again: ${type("attach")}`;
  switch (status) {
    case "queued":
      return [`job ${job.jobId} waits on without this command`, cancel, attach].join("\n");
    case "running":
      return [
        `job ${job.jobId} goes on without this command`,
        `stop after the running epoch, to resume it later: ${type("stop")}`,
        cancel,
        attach,
      ].join("\n");
    default:
      return [`job ${job.jobId} has ended: ${status}`, attach].join("\n");
  }
}

/**
 * The models with which the job goes on when they are resumed: those that are interrupted; where it
 * ended between its models a completed one, after which those that wait are trained.
 */
function resumableOf({ status, models }: EndedJob, modelCount: number): ModelEntry[] {
  const interrupted = models.filter((model) => model.status === "interrupted");
  const isBetween = status !== "succeeded" && models.length < modelCount &&
    models.every((model) => model.status === "completed");
  return isBetween ? models.slice(-1) : interrupted;
}

function hintOf(job: FollowedJob, [model]: readonly ModelEntry[]): string {
  const output = `The trainer's output: ${
    typedCommand(["jobs", "logs", job.jobId, ...job.lookOptions])
  }`;
  if (model === undefined) return output;
  const what = model.status === "completed" ? "Train the models that wait" : "Go on with the model";
  const resume = typedCommand(["train", "--resume", model.id, ...job.trainOptions]);
  return `${what}: ${resume}  ${output}`;
}

function describeEnd(
  entries: readonly ModelEntry[],
  resumable: readonly ModelEntry[],
  job: FollowedJob,
): string {
  if (entries.length === 0) return "";
  const models = entries.map((entry) =>
    [
      `${entry.model_type} ${entry.id}`,
      String(entry.status),
      `val loss ${formatLoss(entry.metrics?.["best_val_loss"])}`,
      ...(entry.checkpoint_path ? [entry.checkpoint_path] : []),
    ].map(printable).join("  ")
  );
  const commands = [
    ...resumable.map(({ id }) =>
      `  ${typedCommand(["train", ...job.trainOptions, "--resume", id])}`
    ),
    ...entries.map(({ id }) => `  ${typedCommand(["model-info", id, ...job.lookOptions])}`),
    `  ${typedCommand(["list-models", ...job.lookOptions])}`,
  ];
  return `${[...models, "", "Next:", ...commands].join("\n")}\n`;
}

/** Say something on stderr that the user should know before it starts. */
export function warn(text: string): void {
  writeStderr(`warning: ${text}\n`);
}
