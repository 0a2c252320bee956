/**
 * What is said at the end of a job that trains.
 *
 * @module
 */
import type { JobStatus } from "../../lib/protocol/job_events.ts";
import type { ModelEntry } from "../../lib/registry.ts";
import { formatLoss } from "../../lib/terminal/formats.ts";
import { printable } from "../../lib/terminal/printable.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";

/** Options with which other commands find a job and its models. */
export interface JobOptions {
  jobId: string;
  lookOptions: readonly string[];
  trainOptions: readonly string[];
}

/** How a training ended. */
export interface TrainingEnd {
  status: JobStatus;
  models: readonly ModelEntry[];
  /** How many models were to be trained. */
  modelCount: number;
}

/** Its models, and what can be done with them. */
export function describeTrainingEnd(end: TrainingEnd, job: JobOptions): string {
  const { models } = end;
  if (models.length === 0) return "";
  const lines = models.map((entry) =>
    [
      `${entry.model_type} ${entry.alias ? `${entry.alias} (${entry.id})` : entry.id}`,
      String(entry.status),
      `val loss ${formatLoss(entry.metrics?.["best_val_loss"])}`,
      ...(entry.checkpoint_path ? [entry.checkpoint_path] : []),
    ].map(printable).join("  ")
  );
  const [predictor] = models.every(({ status }) => status === "completed") ? models : [];
  const commands = [
    ...predictor ? [`  ${trackCommand(predictor, job)}`] : [],
    ...resumableOf(end).map(({ id }) =>
      `  ${typedCommand(["train", ...job.trainOptions, "--resume", id])}`
    ),
    ...models.map(({ id, alias }) =>
      `  ${typedCommand(["model-info", alias || id, ...job.lookOptions])}`
    ),
    `  ${typedCommand(["list-models", ...job.lookOptions])}`,
  ];
  return `${[...lines, "", "Next:", ...commands].join("\n")}\n`;
}

/** One model of a pair that was trained together finds the other. */
function trackCommand({ id, alias }: ModelEntry, { trainOptions }: JobOptions): string {
  return typedCommand(["track", "--model", alias || id, "--data-path", "VIDEO", ...trainOptions]);
}

/** What to do about a training that did not succeed. */
export function trainingHint(end: TrainingEnd, job: JobOptions): string {
  const output = `The trainer's output: ${
    typedCommand(["jobs", "logs", job.jobId, ...job.lookOptions])
  }`;
  const [model] = resumableOf(end);
  if (model === undefined) return output;
  const what = model.status === "completed" ? "Train the models that wait" : "Go on with the model";
  const resume = typedCommand(["train", "--resume", model.id, ...job.trainOptions]);
  return `${what}: ${resume}  ${output}`;
}

/**
 * The models with which the job goes on when they are resumed: those that are interrupted; where it
 * ended between its models a completed one, after which those that wait are trained.
 */
function resumableOf({ status, models, modelCount }: TrainingEnd): readonly ModelEntry[] {
  const interrupted = models.filter((model) => model.status === "interrupted");
  const isBetween = status !== "succeeded" && models.length < modelCount &&
    models.every((model) => model.status === "completed");
  return isBetween ? models.slice(-1) : interrupted;
}
