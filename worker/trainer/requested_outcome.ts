/**
 * What somebody's request changes in how a training ended.
 *
 * @module
 */
import type { ModelOutcome } from "../../lib/protocol/job_events.ts";

/** What was asked of a training, and came about. */
export interface AskedOfTraining {
  /** What was asked of its job; null: nothing. */
  end: "stop" | "cancel" | null;
  /** It was asked to finish early; `taken`: the trainer has the command. Null: it was not asked. */
  finish: "asked" | "taken" | null;
  /** Null: the configuration does not tell. */
  maxEpochs: number | null;
}

/**
 * The outcome of a training with what people asked: one that somebody stopped or cancelled, or
 * wanted to finish early, is not taken up again by itself, even if it crashed before it came to that.
 */
export function withRequest(outcome: ModelOutcome, asked: AskedOfTraining): ModelOutcome {
  const { end, finish, maxEpochs } = asked;
  if (outcome.status === "completed") {
    const isEarly = outcome.metrics.epochs_completed < (maxEpochs ?? Infinity);
    return finish === "taken" && isEarly ? { ...outcome, stopped_early: true } : outcome;
  }
  const isAsked = end !== null || finish !== null;
  if (!isAsked || outcome.reason === "not started") return outcome;
  return { ...outcome, reason: end === "cancel" ? "cancelled" : "stopped" };
}
