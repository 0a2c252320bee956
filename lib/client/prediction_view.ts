/**
 * What a watcher is told of a job that predicts: pure text out of its events.
 *
 * @module
 */
import type { JobEvent } from "../protocol/job_events.ts";
import { formatBytes, formatDuration } from "../terminal/formats.ts";
import { shellWords } from "../terminal/typed_command.ts";
import { type EventsView, type Waiting, waitingText } from "./job_view.ts";

type Frames = Extract<JobEvent, { type: "frames" }>;

const REQUESTED = {
  stop: "asked to stop: it ends without predictions",
  finish: "asked to finish early",
  cancel: "asked to cancel",
};

/** A model that predicts, as far as people want to know. */
export interface Predictor {
  /** Null: it was named by its path. */
  model_id: string | null;
  alias: string | null;
  checkpoint_path: string;
}

/** What is known of the job before its events. */
export interface KnownPrediction {
  /** File name of the video or `.slp`; null: not known. */
  dataName: string | null;
  predictors: readonly Predictor[];
}

/** Folds the events of a job that predicts into lines and a status line. */
export class PredictionView implements EventsView {
  readonly #title: string;
  readonly #data: string;
  #waiting: Waiting | null = null;
  #isStarted = false;
  #isEnded = false;
  #frames: Frames | null = null;
  /** How many tenths of the running phase were worth a note. */
  #notedTenths = 0;
  #isNoteworthy = false;

  constructor({ dataName, predictors }: KnownPrediction) {
    this.#data = dataName ?? "the data";
    this.#title = `predicting ${this.#data} with ${predictors.map(predictorName).join(", ")}`;
  }

  /** The job waits in the queue until its next event. */
  wait(waiting: Waiting): void {
    this.#waiting = waiting;
  }

  /** Take the next event; returns the lines it is worth. */
  add(event: JobEvent): string[] {
    this.#waiting = null;
    this.#isNoteworthy = false;
    switch (event.type) {
      case "predictor_started":
        this.#isStarted = true;
        return [this.#title, shellWords(event.command)];
      case "frames":
        this.#addFrames(event);
        return [];
      case "predictions_written":
        return [writtenText(event)];
      case "requested":
        return [REQUESTED[event.what]];
      case "warning":
        return [`warning: ${event.message}`];
      case "job_finished":
        this.#isEnded = true;
        return [];
      default:
        return [];
    }
  }

  /** The status line after a further tenth of the frames; null at any other time. */
  note(): string | null {
    return this.#isNoteworthy ? this.statusLine() : null;
  }

  /** One line that says where the job stands now; null before sleap-nn was started. */
  statusLine(): string | null {
    if (this.#waiting !== null) return waitingText(this.#waiting);
    if (this.#isEnded) return null;
    if (this.#frames !== null) return framesText(this.#frames);
    return this.#isStarted ? `predicting ${this.#data}` : null;
  }

  #addFrames(frames: Frames): void {
    if (frames.phase !== this.#frames?.phase) this.#notedTenths = 0;
    this.#frames = frames;
    const tenths = frames.total ? Math.floor(10 * frames.done / frames.total) : 0;
    this.#isNoteworthy = tenths > this.#notedTenths;
    if (this.#isNoteworthy) this.#notedTenths = tenths;
  }
}

function predictorName({ model_id, alias, checkpoint_path }: Predictor): string {
  if (model_id === null) return checkpoint_path;
  return alias === null ? model_id : `${alias} (${model_id})`;
}

function framesText({ phase, done, total, rate, eta }: Frames): string {
  const parts = [`frames ${done}${total === null ? "" : ` of ${total}`}`];
  if (rate !== null) parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} frames/s`);
  if (eta !== null && eta > 0) parts.push(`${formatDuration(eta)} left`);
  return `${phase === "tracking" ? "tracking: " : ""}${parts.join("  ")}`;
}

function writtenText(
  { frames, output }: Extract<JobEvent, { type: "predictions_written" }>,
): string {
  const what = frames === null ? "predictions" : `predictions of ${frames} frames`;
  return `wrote ${what}: ${formatBytes(output.bytes)}, sha256 ${output.sha256.slice(0, 12)}…`;
}
