/**
 * Bringing a job that predicts to its end where its supervisor cannot.
 *
 * @module
 */
import type { FinalJobStatus, JobEvent, Output } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import { endedOnRequest } from "../prediction/judge.ts";
import { OutputPlace } from "../prediction/output_place.ts";
import type { JobRecord } from "../record/job_record.ts";
import { finishJob, type JobEnd } from "../requests/finish_job.ts";
import { readRequest } from "../requests/job_request.ts";
import { removeScratch } from "../trainer/scratch.ts";
import type { Why } from "./book_job.ts";

/** Reasons for which nobody has seen how it would have ended. */
const UNSEEN: readonly string[] = ["crash", "power"];
const SUPERVISOR_GONE =
  "The supervisor of the job ended before the prediction did: submit it again";

/** Does a job predict? Its events tell it where its description is damaged. */
export function isPrediction(spec: JobSpec | null, events: readonly JobEvent[]): boolean {
  return spec?.type === "track" || events.some(({ type }) => type === "predictor_started");
}

/**
 * Book a job that predicts, none of whose processes is left: predictions that are whole count,
 * nothing else is left of it.
 *
 * @param spec null: it is damaged
 */
export async function bookPrediction(
  record: JobRecord,
  spec: JobSpec | null,
  events: readonly JobEvent[],
  why: Why,
): Promise<FinalJobStatus> {
  const { folder } = record;
  await removeScratch(folder.path, folder.jobId);
  const output = await outputOf(record, spec, events);
  const finished = events.find((event) => event.type === "job_finished");
  if (finished !== undefined) {
    await record.writeEnd(finished.status, finished.error, output);
    return finished.status;
  }
  return await finishJob(record, await endOf(record, output, why));
}

async function endOf(record: JobRecord, output: Output | null, why: Why): Promise<JobEnd> {
  if (output !== null) return { status: "succeeded", error: null, output };
  const { end } = await readRequest(record.folder);
  if (end?.what === "stop") return endedOnRequest("stopped");
  return UNSEEN.includes(why.reason)
    ? { status: "interrupted", error: SUPERVISOR_GONE }
    : { status: "failed", error: why.error };
}

/** What the events tell of, else what the disk proves whole. */
async function outputOf(
  record: JobRecord,
  spec: JobSpec | null,
  events: readonly JobEvent[],
): Promise<Output | null> {
  const place = spec?.type === "track" ? new OutputPlace(spec) : null;
  const written = events.find((event) => event.type === "predictions_written");
  const adopted = written === undefined ? await place?.adopt() ?? null : null;
  await place?.clear();
  if (adopted !== null) {
    await record.record({ type: "predictions_written", output: adopted, frames: framesIn(events) });
  }
  return written?.output ?? adopted;
}

function framesIn(events: readonly JobEvent[]): number | null {
  const last = events.findLast((event) => event.type === "frames");
  return last === undefined ? null : last.total ?? last.done;
}
