/**
 * Bookkeeping: the registry entry's job part is a fold of the job's events. Every event may be booked
 * any number of times, in one piece or in several, by the supervisor or by whoever recovers the job.
 *
 * @module
 */
import type { JobEvent, ModelOutcome } from "../../lib/protocol/job_events.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { completedBefore } from "../../lib/registry/history.ts";
import {
  complete,
  fail,
  interrupt,
  isFinal,
  loseConnection,
  regainConnection,
} from "../../lib/registry/transitions.ts";
import { firstEpochAfter } from "../attempts/attempts.ts";

/**
 * Book events of one model of a job into its entry.
 *
 * @param jobId the job that the events belong to
 * @param modelId the registered ID
 * @param events in the order of their `seq`; those of no effect on an entry are passed over
 * @throws {NotFoundError} when the model is not in the registry
 */
export async function bookEvents(
  registry: ModelRegistry,
  jobId: string,
  modelId: string,
  events: readonly JobEvent[],
): Promise<void> {
  if (!events.some(isBookable)) return;
  await registry.update(
    modelId,
    (entry) => events.reduce((now, event) => foldEvent(now, jobId, event), entry),
  );
}

const BOOKABLE = new Set([
  "trainer_started",
  "connection_lost",
  "connection_regained",
  "epoch",
  "checkpoint",
  "model_finished",
]);

function isBookable(event: JobEvent): boolean {
  return BOOKABLE.has(event.type);
}

/** One event folded into an entry; the same object where it changes nothing. */
export function foldEvent(entry: ModelEntry, jobId: string, event: JobEvent): ModelEntry {
  if (entry.job_id !== jobId || !("attempt" in event)) return entry;
  const { booked } = entry;
  if (booked?.job_id === jobId && event.seq <= booked.seq) return entry;
  const changed = applyEvent(entry, jobId, event);
  if (changed === entry) return entry;
  return { ...changed, booked: { job_id: jobId, attempt: event.attempt, seq: event.seq } };
}

function applyEvent(entry: ModelEntry, jobId: string, event: JobEvent): ModelEntry {
  if (isFinal(entry)) return entry;
  switch (event.type) {
    case "trainer_started":
      return withAttempt(entry, jobId, event.attempt, { started_from: event.started_from ?? null });
    case "connection_lost":
      return loseConnection(entry, event.time);
    case "connection_regained":
      return regainConnection(entry);
    case "epoch":
      return {
        ...withEpoch(entry, jobId, event.attempt, event.epoch),
        metrics: withLoss(entry.metrics ?? {}, event),
      };
    case "checkpoint":
      return withCheckpoint(entry, event);
    case "model_finished":
      return withOutcome(withLastEpoch(withDuration(entry, jobId, event), jobId, event), event);
    default:
      return entry;
  }
}

function withOutcome(
  entry: ModelEntry,
  { outcome, time }: { outcome: ModelOutcome; time: string },
): ModelEntry {
  const { status, reason, error, checkpoint } = outcome;
  const ended: ModelEntry = {
    ...entry,
    config_path: outcome.config_path ?? entry.config_path ?? null,
    checkpoint_path: outcome.checkpoint_path,
    last_checkpoint_path: outcome.last_checkpoint_path,
    checkpoint,
    training_hyperparameters: outcome.hyperparameters ?? entry.training_hyperparameters ?? null,
    warning: outcome.warning,
    last_epoch: lastEpoch(outcome) ?? entry.last_epoch ?? null,
    metrics: { ...outcome.metrics },
    ...stoppedEarly(entry, outcome),
  };
  if (outcome.still_completed) {
    const warning = `It was not trained any further: ${error ?? reason ?? status}`;
    const completedAt = completedBefore(entry) ?? time;
    return { ...complete(ended, { ...outcome.metrics }, completedAt), warning };
  }
  if (status === "completed") return complete(ended, { ...outcome.metrics }, time);
  if (status === "failed") return fail(ended, { reason, error }, time);
  return interrupt(ended, {
    checkpointPath: outcome.checkpoint_path,
    epoch: checkpoint?.epoch ?? null,
    checkpoint,
    reason,
    error,
  }, time);
}

/** A model that was stopped early may have been trained to its last epoch since. */
function stoppedEarly(entry: ModelEntry, outcome: ModelOutcome): { stopped_early?: boolean } {
  if (!outcome.stopped_early && entry.stopped_early === undefined) return {};
  return { stopped_early: outcome.stopped_early ?? false };
}

/** What is resumed has taken the time of all its attempts. */
function withDuration(
  entry: ModelEntry,
  jobId: string,
  { attempt, outcome }: { attempt: number; outcome: ModelOutcome },
): ModelEntry {
  const { training_duration_seconds: before } = entry.metadata ?? {};
  const own = entry.attempts?.find((one) => one.job_id === jobId && one.attempt === attempt);
  const isFresh = typeof before !== "number" || own?.started_from === null;
  const seconds = outcome.duration_seconds + (isFresh ? 0 : before);
  const training_duration_seconds = Math.round(seconds * 1000) / 1000;
  return { ...entry, metadata: { ...entry.metadata, training_duration_seconds } };
}

/**
 * An epoch may have been reported whose checkpoint was not written any more, and one may have been
 * finished that nobody was there to report.
 */
function withLastEpoch(
  entry: ModelEntry,
  jobId: string,
  { attempt, outcome }: { attempt: number; outcome: ModelOutcome },
): ModelEntry {
  const last = lastEpoch(outcome);
  const known = entry.attempts?.find((one) => one.job_id === jobId && one.attempt === attempt);
  if (last === null || known === undefined) return entry;
  const first = firstEpochAfter(known.started_from ?? null);
  // The epochs are those of all attempts: this one may have finished none.
  const own = last < first
    ? { first_epoch: null, last_epoch: null }
    : { first_epoch: known.first_epoch ?? first, last_epoch: last };
  return withAttempt(entry, jobId, attempt, own);
}

function lastEpoch(outcome: ModelOutcome): number | null {
  const { epochs_completed } = outcome.metrics;
  return epochs_completed > 0 ? epochs_completed - 1 : null;
}

/**
 * Until the model is completed, `checkpoint_path` names the newest complete checkpoint. Its epoch has
 * ended, even if the loss of that epoch is told later.
 */
function withCheckpoint(
  entry: ModelEntry,
  event: { path: string; kind: string; epoch: number },
): ModelEntry {
  const last = event.path.replace(/[^/]*$/, "last.ckpt");
  if (event.kind === "best" && entry.last_checkpoint_path === last) return entry;
  return {
    ...entry,
    checkpoint_path: event.path,
    last_checkpoint_path: event.path,
    // Measured was the file before, or what lay under this path before.
    checkpoint: null,
    last_epoch: Math.max(entry.last_epoch ?? 0, event.epoch),
  };
}

type Attempt = NonNullable<ModelEntry["attempts"]>[number];

function withAttempt(
  entry: ModelEntry,
  jobId: string,
  number: number,
  change: Partial<Attempt>,
): ModelEntry {
  const attempts = entry.attempts ?? [];
  const isThis = (attempt: Attempt) => attempt.job_id === jobId && attempt.attempt === number;
  const known: Attempt = attempts.find(isThis) ??
    { job_id: jobId, attempt: number, first_epoch: null, last_epoch: null, started_from: null };
  const others = attempts.filter((attempt) => !isThis(attempt));
  return { ...entry, attempts: [...others, { ...known, ...change }] };
}

function withEpoch(entry: ModelEntry, jobId: string, attempt: number, epoch: number): ModelEntry {
  const known = entry.attempts?.find((one) => one.job_id === jobId && one.attempt === attempt);
  return {
    ...withAttempt(entry, jobId, attempt, {
      first_epoch: known?.first_epoch ?? epoch,
      last_epoch: epoch,
    }),
    last_epoch: epoch,
  };
}

function withLoss(
  metrics: Record<string, unknown>,
  event: { epoch: number; val_loss: number | null },
): Record<string, unknown> {
  const best = metrics["best_val_loss"];
  const isBest = event.val_loss !== null && (typeof best !== "number" || event.val_loss < best);
  return {
    ...metrics,
    final_val_loss: event.val_loss,
    epochs_completed: event.epoch + 1,
    ...(isBest ? { best_val_loss: event.val_loss, best_epoch: event.epoch } : {}),
  };
}
