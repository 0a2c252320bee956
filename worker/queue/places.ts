/**
 * The places of waiting jobs in the queue, in the words that people read.
 *
 * @module
 */

/** Where a job stands in the queue. */
export interface QueuePlace {
  /** From 1. */
  position: number;
  /** What it waits for. */
  reason: string;
}

/** What decides on the places. */
export interface QueueView {
  /** IDs of the jobs that run. */
  running: readonly string[];
  /** IDs of the jobs that wait, in their order. */
  waiting: readonly string[];
  /** How many run at once; null: no worker is there to start them. */
  maxJobs: number | null;
}

/** The place of every waiting job that does not start at once, by its ID. */
export function placesOf({ running, waiting, maxJobs }: QueueView): Map<string, QueuePlace> {
  const free = maxJobs === null ? 0 : Math.max(0, maxJobs - running.length);
  const first = [...running, ...waiting.slice(0, free)];
  const rest = waiting.slice(free);
  return new Map(rest.map((jobId, index) => {
    const before = rest[index - 1];
    const position = index + 1;
    if (maxJobs === null) return [jobId, { position, reason: "waits for a worker in this folder" }];
    const reason = before === undefined ? firstReason(first, maxJobs) : `waits for ${before}`;
    return [jobId, { position, reason }];
  }));
}

function firstReason(before: readonly string[], maxJobs: number): string {
  const [only, ...others] = before;
  if (only !== undefined && others.length === 0) return `waits for ${only}`;
  return `${maxJobs} ${maxJobs === 1 ? "job" : "jobs"} at a time here`;
}
