/**
 * How a prediction ended whose process did.
 *
 * @module
 */
import { sizeOf } from "../../lib/files/file_info.ts";
import { readTrainerLog } from "../../lib/sleap_nn/trainer_log.ts";
import { signalOf } from "../../lib/sleap_nn/verdict.ts";
import type { JobEnd } from "../requests/finish_job.ts";

/** What is known of a sleap-nn that has ended. */
export interface EndedPrediction {
  /** As Deno reports it: 128 + n for signal n. */
  exitCode: number;
  /** Why it was told to end; null: it was not. */
  reason: string | null;
  /** Its own last error; null: it said none. */
  lastError: string | null;
  /** Absolute path of what it was to write. */
  outputPath: string;
  logPath: string;
  /** Where its output begins in the log, in bytes. */
  logOffset: number;
}

/** Null: it has written predictions, all of them. */
export async function failureOf(ended: EndedPrediction): Promise<JobEnd | null> {
  const { exitCode, reason, outputPath } = ended;
  const isWritten = await sizeOf(outputPath) > 0;
  if (exitCode === 0 && isWritten) return null;
  if (reason !== null) return endedOnRequest(reason);
  const error = exitCode === 0
    ? "sleap-nn ended with exit code 0, but wrote no predictions"
    : await describeEnd(ended);
  return { status: "failed", error };
}

/** The end of a job whose prediction was told to end. */
export function endedOnRequest(reason: string): JobEnd {
  return {
    status: "interrupted",
    error: `The prediction was ended on request (${reason}): submit it again`,
  };
}

async function describeEnd(ended: EndedPrediction): Promise<string> {
  const { exitCode, lastError, logPath, logOffset } = ended;
  const signal = signalOf(exitCode);
  if (signal === "SIGKILL") {
    return "sleap-nn was ended by SIGKILL, as happens when memory runs out";
  }
  if (signal === null && lastError !== null) return lastError;
  const said = await readTrainerLog({ path: logPath, from: logOffset });
  const words = said.lastLine === null ? "" : `; the last it said: ${said.lastLine}`;
  if (signal !== null) return `sleap-nn was ended by ${signal}${words}`;
  if (exitCode === 126 || exitCode === 127) {
    return `sleap-nn could not be started: ${said.shellError ?? `exit code ${exitCode}`}`;
  }
  return `sleap-nn ended with exit code ${exitCode}${words || " and logged no error"}`;
}
