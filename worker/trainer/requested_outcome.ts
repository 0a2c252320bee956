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
  /** It was asked to finish early, and the trainer has taken the command. */
  hasTakenFinish: boolean;
  /** Null: the configuration does not tell. */
  maxEpochs: number | null;
}

/**
 * The outcome of a training with what people asked: one that somebody stopped or cancelled is not
 * taken up again by itself, even if it crashed before it came to that.
 */
export function withRequest(outcome: ModelOutcome, asked: AskedOfTraining): ModelOutcome {
  const { end, hasTakenFinish, maxEpochs } = asked;
  if (outcome.status === "completed") {
    const isEarly = outcome.metrics.epochs_completed < (maxEpochs ?? Infinity);
    return hasTakenFinish && isEarly ? { ...outcome, stopped_early: true } : outcome;
  }
  if (end === null || outcome.reason === "not started") return outcome;
  return { ...outcome, reason: end === "cancel" ? "cancelled" : "stopped" };
}
