/**
 * The losses of a training, drawn.
 *
 * @module
 */
import type { LossPoint } from "../protocol/worker_calls.ts";
import { type PlotOptions, renderPlot } from "../terminal/plot.ts";
import { styled } from "../terminal/table.ts";

/** Both losses over the epochs, counted from 1; empty where none is known, or there is no room. */
export function plotLosses(curve: readonly LossPoint[], options: PlotOptions): string {
  const pointsOf = (key: "train_loss" | "val_loss") =>
    curve.flatMap((point) => {
      const loss = point[key];
      return loss === null ? [] : [{ x: point.epoch + 1, y: loss }];
    });
  const plot = renderPlot([
    { label: "training loss", points: pointsOf("train_loss"), style: "cyan" },
    { label: "validation loss", points: pointsOf("val_loss"), style: "yellow" },
  ], options);
  return plot === "" ? "" : `${styled("Losses", "bold", options.isColoured)}\n${plot}`;
}
