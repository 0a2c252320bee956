/**
 * What a watcher is told of a job: pure text out of its events, the same for a local and a remote
 * job.
 *
 * @module
 */
import type { JobEvent } from "../protocol/job_events.ts";
import { formatDuration, formatLoss, ordinal } from "../terminal/formats.ts";
import { type EpochEnd, secondsLeft } from "./time_left.ts";

interface ModelView {
  type: string;
  id: string | null;
  maxEpochs: number | null;
  /** The first epoch that was seen to finish, and the last one. */
  first: EpochEnd | null;
  last: EpochEnd | null;
  bestEpoch: number | null;
  bestLoss: number | null;
  /** What it did before is not told here: which epoch is the best cannot be said. */
  isResumed: boolean;
  batch: { epoch: number; batch: number; loss: number | null } | null;
}

const REQUESTED = {
  stop: "asked to stop: it ends after the running epoch",
  finish: "asked to finish early",
  cancel: "asked to cancel",
};

/** What is known of a model before its events. */
export interface KnownModel {
  model_id: string | null;
  max_epochs: number | null;
}

/** Why and where a job waits. */
export interface Waiting {
  /** Place in the queue, from 1. */
  position: number;
  /** What it waits for. */
  reason: string;
}

/** Makes text of a job's events. */
export interface EventsView {
  /** The job waits in the queue until its next event. */
  wait(waiting: Waiting): void;
  /** Take the next event; returns the lines it is worth. */
  add(event: JobEvent): string[];
  /** Where the job stands since the last event, if a line in a pipe should say so; else null. */
  note(): string | null;
  /** One line that says where the job stands now; null: nothing is to be said. */
  statusLine(now: number): string | null;
}

/** Folds the events of a job that trains into lines and a status line. */
export class JobView implements EventsView {
  readonly #models: ModelView[];
  /** Without the events before, nobody can say which epoch is the best one. */
  readonly #isWhole: boolean;
  #current = 0;
  #waiting: Waiting | null = null;
  #end: Extract<JobEvent, { type: "job_finished" }> | null = null;

  /**
   * @param modelTypes types of the job's models, in order
   * @param known what is known of them, where the events do not come from the first one on
   */
  constructor(modelTypes: readonly string[], known?: readonly KnownModel[]) {
    this.#isWhole = known === undefined;
    this.#models = modelTypes.map((type, index) => ({
      type,
      id: known?.[index]?.model_id ?? null,
      maxEpochs: known?.[index]?.max_epochs ?? null,
      first: null,
      last: null,
      bestEpoch: null,
      bestLoss: null,
      isResumed: false,
      batch: null,
    }));
  }

  /** How the job ended; null while it has not. */
  get end(): { status: string; error: string | null } | null {
    return this.#end;
  }

  /** IDs of the models that are registered so far. */
  get modelIds(): string[] {
    return this.#models.flatMap(({ id }) => id ?? []);
  }

  /** The job waits in the queue until its next event. */
  wait(waiting: Waiting): void {
    this.#waiting = waiting;
  }

  /** Take the next event; returns the lines it is worth. */
  add(event: JobEvent): string[] {
    this.#waiting = null;
    if (event.type === "job_finished") return this.#finish(event);
    if (event.type === "warning") return [`warning: ${event.message}`];
    if (event.type === "requested") return [REQUESTED[event.what]];
    if (!("model" in event)) return [];
    const model = this.#models[event.model];
    if (model === undefined) return [];
    this.#current = event.model;
    return this.#addToModel(model, event);
  }

  /** Null: each epoch has its line. */
  note(): null {
    return null;
  }

  /** One line that says where the job stands now; null before there is a model. */
  statusLine(now: number): string | null {
    if (this.#waiting !== null) return waitingText(this.#waiting);
    const model = this.#models[this.#current];
    if (!model?.id || this.#end !== null) return null;
    const epoch = model.last?.epoch ?? -1;
    const parts = [`${nameOf(model)}  ${epochText(model, epoch + 2)}`, ...leftText(model, now)];
    if (model.batch !== null && model.batch.epoch > epoch) {
      parts.push(`batch ${model.batch.batch + 1}  loss ${formatLoss(model.batch.loss)}`);
    }
    if (model.bestLoss !== null) {
      parts.push(`best ${formatLoss(model.bestLoss)} (epoch ${(model.bestEpoch ?? 0) + 1})`);
    }
    return parts.join("  ");
  }

  /** A job ends with the first model that does not complete. */
  #finish(event: Extract<JobEvent, { type: "job_finished" }>): string[] {
    this.#end = event;
    const pending = this.#models.filter(({ id }) => id === null);
    return pending.length === 0 ? [] : [`not trained: ${pending.map(nameOf).join(", ")}`];
  }

  #addToModel(model: ModelView, event: JobEvent): string[] {
    switch (event.type) {
      case "model_registered":
        model.id = event.model_id;
        return event.attempt > 1 ? [] : [`registered ${nameOf(model)} in ${event.folder}`];
      case "trainer_started":
        model.maxEpochs = event.max_epochs;
        model.isResumed = (event.started_from ?? null) !== null;
        return [startedText(model, event)];
      case "batch":
        model.batch = event;
        return [];
      case "epoch":
        return [this.#addEpoch(model, event)];
      case "connection_lost":
        return ["nobody watched: the training went on"];
      case "model_finished":
        return finishedLines(model, event);
      default:
        return [];
    }
  }

  #addEpoch(model: ModelView, event: Extract<JobEvent, { type: "epoch" }>): string {
    model.last = { epoch: event.epoch, at: Date.parse(event.time) };
    model.first ??= model.last;
    const isBest = this.#isWhole && event.val_loss !== null && !model.isResumed &&
      (model.bestLoss === null || event.val_loss < model.bestLoss);
    if (isBest) {
      model.bestLoss = event.val_loss;
      model.bestEpoch = event.epoch;
    }
    return [
      `${nameOf(model)}  ${epochText(model, event.epoch + 1)}`,
      `train loss ${formatLoss(event.train_loss)}`,
      `val loss ${formatLoss(event.val_loss)}${isBest ? " (best)" : ""}`,
      ...leftText(model, model.last.at),
    ].join("  ");
  }
}

function startedText(
  model: ModelView,
  { attempt, max_epochs, started_from }: Extract<JobEvent, { type: "trainer_started" }>,
): string {
  const id = model.id ?? model.type;
  if (!started_from) {
    return attempt > 1 ? `beginning ${id} again from epoch 0` : `training ${nameOf(model)}`;
  }
  const { epoch, path, sha256 } = started_from;
  const total = max_epochs === null ? "" : ` of ${max_epochs}`;
  const file = path.slice(path.lastIndexOf("/") + 1);
  return `resuming ${id} after epoch ${epoch + 1}${total} (${file}, sha256 ${
    sha256.slice(0, 12)
  }…)`;
}

function finishedLines(
  model: ModelView,
  { outcome }: Extract<JobEvent, { type: "model_finished" }>,
): string[] {
  const { status, metrics, warning } = outcome;
  const epochs = `${metrics.epochs_completed} epoch${metrics.epochs_completed === 1 ? "" : "s"}`;
  const duration = formatDuration(outcome.duration_seconds);
  const early = outcome.stopped_early ? " (finished early)" : "";
  const lines = [`${nameOf(model)} ${status} after ${epochs}, ${duration}${early}`];
  if (warning !== null) lines.push(`warning: ${warning}`);
  return lines;
}

/** Why and where a job waits, in words. */
export function waitingText({ position, reason }: Waiting): string {
  return `waiting: ${ordinal(position)} in the queue (${reason})`;
}

function nameOf({ type, id }: ModelView): string {
  return id === null ? type : `${type} ${id}`;
}

function epochText({ maxEpochs }: ModelView, epoch: number): string {
  if (maxEpochs === null) return `epoch ${epoch}`;
  return `epoch ${Math.min(epoch, maxEpochs)}/${maxEpochs}`;
}

/** Empty where it cannot be said, and at the end. */
function leftText({ first, last, maxEpochs }: ModelView, now: number): string[] {
  const left = secondsLeft(first, last, maxEpochs, now);
  return left === null || left === 0 ? [] : [`${formatDuration(left)} left`];
}
