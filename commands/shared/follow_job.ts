/**
 * Showing a job from its submission to its end: the same for a local and a remote one.
 *
 * @module
 */
import { JobView } from "../../lib/client/job_view.ts";
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

/** A job that was submitted, wherever it runs. */
export interface FollowedJob {
  jobId: string;
  /** Types of its models, in order. */
  modelTypes(): Promise<readonly string[]>;
  /** Its events from the first one on, until it has ended or `signal` is aborted. */
  events(signal: AbortSignal): AsyncIterable<JobEvent>;
  /** How it ended; null while it has not. */
  ended(): Promise<EndedJob | null>;
  /** Options with which other commands find its models, e.g. `["--registry", "/lab"]`. */
  lookOptions: readonly string[];
  /** Options with which `train` goes on where it runs, e.g. `["--local"]`. */
  trainOptions: readonly string[];
  /** Where the trainer's output is, for people. */
  logPath: string;
}

/** Options of {@linkcode followJob}. */
export interface FollowOptions {
  interruption: Interruption;
  /** Print one JSON document instead of text. */
  isJson: boolean;
}

/**
 * Show a job until it ends, then print its models.
 *
 * @throws {JobNotSucceededError} when it ended otherwise
 * @throws {LeftByUserError} when the user has left; the job goes on
 */
export async function followJob(job: FollowedJob, options: FollowOptions): Promise<void> {
  const view = await show(job, options.interruption);
  const end = await job.ended();
  if (end === null) throw leftJob(job, view);
  const { status, models, error } = end;
  writeStdout(
    options.isJson
      ? `${JSON.stringify({ job_id: job.jobId, status, models }, null, 2)}\n`
      : describeEnd(models, job),
  );
  if (status !== "succeeded") {
    throw new JobNotSucceededError(
      `Job ${job.jobId} ${status}${error === null ? "" : `: ${error}`}`,
      { hint: `The trainer's output: ${job.logPath}` },
    );
  }
}

async function show(job: FollowedJob, interruption: Interruption): Promise<JobView> {
  const stop = new AbortController();
  const line = new LiveLine();
  line.print(`job ${job.jobId}`);
  const types = interruption.orLeaveAtOnce(job.modelTypes(), leftText(job, ["list-models"]));
  const view = new JobView(await types);
  // Who leaves takes the ID of a model along: it is registered in a moment.
  const leaveIfWished = () => {
    const isNamed = view.modelIds.length > 0;
    if (interruption.leftAtOnce.aborted || (interruption.left.aborted && isNamed)) stop.abort();
  };
  const redraw = () => line.update(view.statusLine(Date.now()) ?? "");
  const timer = setInterval(redraw, 1_000);
  interruption.left.addEventListener("abort", leaveIfWished);
  interruption.leftAtOnce.addEventListener("abort", leaveIfWished);
  try {
    leaveIfWished();
    for await (const event of job.events(stop.signal)) {
      for (const text of view.add(event)) line.print(text);
      redraw();
      leaveIfWished();
    }
  } finally {
    clearInterval(timer);
    line.clear();
  }
  return view;
}

function leftJob(job: FollowedJob, view: JobView): LeftByUserError {
  const [id] = view.modelIds.slice(-1);
  const next = id === undefined ? ["list-models"] : ["model-info", id];
  return new LeftByUserError(leftText(job, next));
}

function leftText(job: FollowedJob, next: readonly string[]): string {
  return `job ${job.jobId} goes on without this command. Look at it with: ${
    typedCommand([...next, ...job.lookOptions])
  }`;
}

function describeEnd(entries: readonly ModelEntry[], job: FollowedJob): string {
  if (entries.length === 0) return "";
  const models = entries.map((entry) =>
    [
      `${entry.model_type} ${entry.id}`,
      String(entry.status),
      `val loss ${formatLoss(entry.metrics?.["best_val_loss"])}`,
      ...(entry.checkpoint_path ? [entry.checkpoint_path] : []),
    ].map(printable).join("  ")
  );
  const interrupted = entries.filter(({ status }) => status === "interrupted");
  const commands = [
    ...interrupted.map(({ id }) =>
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
