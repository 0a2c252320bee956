/**
 * Lightning's `callback_metrics` in the course of a training: which figures exist when, and in
 * which order they were first logged.
 *
 * @module
 */
import type { Settings } from "../config/settings.ts";

const CONFMAP_SPLIT = ["confmap_loss_fg", "confmap_loss_bg", "confmap_fg_frac"];
const HEAD_LOSSES = ["confmaps_loss", "paf_loss"];
const FOREGROUND = 0.0232204869389534;

/** Figures that a finished epoch leaves behind. */
export interface EpochFigures {
  loss: number;
  seconds: number;
  steps: number;
}

/** The current figures by name. */
export class CallbackMetrics {
  readonly #values = new Map<string, number>();
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** All figures in the order in which they were first logged. */
  get values(): ReadonlyMap<string, number> {
    return this.#values;
  }

  /** A training batch ended. */
  batchEnded(loss: number): void {
    this.#set("loss", loss);
  }

  /** The validation of an epoch ended. */
  validated(epoch: number, loss: number, seconds: number): void {
    const { modelType } = this.#settings;
    if (modelType === "bottomup") this.#set("val/loss", loss);
    for (const name of headFigures(modelType)) this.#set(`val/${name}`, part(name, loss));
    if (modelType !== "bottomup") this.#set("val/loss", loss);
    this.#set("val/time", seconds);
    this.#set("epoch", epoch);
  }

  /** The callbacks' end of an epoch: its training figures by head, but not its loss yet. */
  epochEnded(loss: number): void {
    const { modelType, nodes } = this.#settings;
    for (const name of headFigures(modelType)) this.#set(`train/${name}`, part(name, loss));
    if (hasNodes(modelType)) {
      for (const node of nodes) {
        this.#set(`train/confmaps/${node}`, loss);
      }
    }
  }

  /** The module's end of an epoch, after its validation: loss, time and speed of the training. */
  trainingEnded(figures: EpochFigures): void {
    const { batchSize, learningRate } = this.#settings;
    const stepsPerSecond = figures.steps / figures.seconds;
    this.#set("train/time", figures.seconds);
    this.#set("train/loss", figures.loss);
    this.#set("train/lr", learningRate);
    this.#set("train/steps_per_sec", stepsPerSecond);
    this.#set("train/samples_per_sec", stepsPerSecond * batchSize);
    this.#set("train/frames_per_sec", stepsPerSecond * batchSize);
  }

  #set(name: string, value: number): void {
    this.#values.set(name, Math.fround(value));
  }
}

/** The columns of `training_log.csv`. */
export function logColumns(settings: Settings): string[] {
  const { modelType, nodes } = settings;
  const columns = ["epoch", "train/loss", "val/loss", "learning_rate", "train/time", "val/time"];
  if (hasNodes(modelType)) return [...columns, ...nodes.map((node) => `train/confmaps/${node}`)];
  const figures = headFigures(modelType);
  const split = ["train", "val"].flatMap((phase) => figures.map((name) => `${phase}/${name}`));
  return [...columns, ...split];
}

function headFigures(modelType: string): string[] {
  if (modelType === "bottomup") return HEAD_LOSSES;
  return modelType === "centroid" || hasNodes(modelType) ? CONFMAP_SPLIT : [];
}

function hasNodes(modelType: string): boolean {
  return modelType === "single_instance" || modelType === "centered_instance";
}

function part(name: string, loss: number): number {
  switch (name) {
    case "confmap_fg_frac":
      return FOREGROUND;
    case "confmap_loss_fg":
      return loss * 25;
    default:
      return loss / 2;
  }
}
