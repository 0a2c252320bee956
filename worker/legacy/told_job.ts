/**
 * Telling a Python client of one job, from its place in the queue to its end.
 *
 * @module
 */
import { ConnectionError, messageOf, SleapRtcError } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import type { JobFolder, JobResult } from "../job_folder.ts";
import type { QueuePlace } from "../queue/places.ts";
import { watchJob } from "../view/watch_job.ts";
import type { WorkerContext } from "../worker_context.ts";
import type { LogLine } from "./log_lines.ts";
import { LogRelay } from "./log_relay.ts";

const log = logger("worker");
/** A client that hears nothing of its job for ten minutes gives up. */
const REMINDER_MS = 60_000;

/** How a client is told of a job of some type. */
export interface JobTeller {
  /** A line of the log. */
  line(line: LogLine): Promise<void>;
  /** What happened; the log up to there was told. */
  event(event: JobEvent): Promise<void>;
  /** How the job ended, after this many seconds. */
  end(result: JobResult, seconds: number): Promise<void>;
  /** The end of the job cannot be told. */
  lost(message: string): Promise<void>;
}

/** Tell of a job until it has ended or the signal is aborted. Never rejected. */
export async function tellJob(
  folder: JobFolder,
  teller: JobTeller,
  context: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  try {
    await tellPlaces(folder.jobId, teller, context, signal);
    const seconds = await tellEvents(folder, teller, context, signal);
    const result = signal.aborted ? null : await folder.readResult();
    if (result !== null) await teller.end(result, seconds);
  } catch (error) {
    if (signal.aborted || error instanceof ConnectionError) return;
    log.error(`cannot tell of job ${folder.jobId}: ${messageOf(error)}`);
    await teller.lost(error instanceof SleapRtcError ? error.message : "Internal error")
      .catch((error) => log.debug(messageOf(error)));
  }
}

async function tellPlaces(
  jobId: string,
  teller: JobTeller,
  { queue }: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { changed } = queue;
    const place = queue.placeOf(jobId);
    if (place === null) return;
    await teller.line({ text: describePlace(place), isOverwritten: false });
    await firstOf(changed, signal, REMINDER_MS);
  }
}

function describePlace({ position, reason }: QueuePlace): string {
  return `Waiting in the queue, place ${position}: ${reason}`;
}

/** How long the job ran, in seconds. */
async function tellEvents(
  folder: JobFolder,
  teller: JobTeller,
  { registry, queue }: WorkerContext,
  signal: AbortSignal,
): Promise<number> {
  const relay = new LogRelay(folder, (line) => teller.line(line));
  let [begun, last] = [Infinity, -Infinity];
  try {
    const supervisor = queue.supervisorOf(folder.jobId);
    for await (const events of watchJob(folder, registry, { signal, supervisor })) {
      for (const event of events) {
        if (event.type === "predictor_started" || event.type === "trainer_started") {
          relay.begin(event.log_offset);
        }
        last = Date.parse(event.time);
        begun = Math.min(begun, last);
        await relay.flush();
        await teller.event(event);
      }
    }
    if (!signal.aborted) await relay.close();
  } finally {
    await relay.abandon();
  }
  return Math.max(0, (last - begun) / 1_000);
}

async function firstOf(changed: Promise<void>, signal: AbortSignal, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  if (!signal.aborted) await Promise.race([changed, promise]);
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
