import { encodeLegacyJob } from "../../lib/protocol/legacy_job.ts";
import type { JobResult } from "../job_folder.ts";

/** A message holds 64 KiB; in UTF-16 units. */
const MAX_MESSAGE = 4_000;

/** What a Python client is told of a job that failed. */
export interface LegacyFailure {
  job_id: string;
  job_type: "train" | "track";
  message: string;
  duration_seconds?: number;
}

/** The message that says so; some clients look for its text under another name. */
export function encodeFailure(failure: LegacyFailure): string {
  const message = failure.message.slice(0, MAX_MESSAGE);
  return encodeLegacyJob({ type: "failed", failure: { ...failure, message, error: message } });
}

/** Why a job did not succeed, in the words that Python clients know where there are some. */
export function failureMessage({ status, error }: Pick<JobResult, "status" | "error">): string {
  if (status === "cancelled") return "Job cancelled by user";
  return error ?? `The job was ${status}`;
}
