/**
 * Where the predictions of a job go on this machine.
 *
 * @module
 */
import { basename } from "node:path";
import type { DownloadedOutput, DownloadOptions } from "../../lib/transfer/download.ts";
import { LeftByUserError, UsageError } from "../../lib/errors.ts";
import { checkEntryName } from "../../lib/files/entry_name.ts";
import { checkOutputPlace, predictionsName } from "../../lib/prediction/output_place.ts";
import { formatBytes } from "../../lib/terminal/formats.ts";
import { LiveLine } from "../../lib/terminal/live_line.ts";
import type { DescribedJob, FollowedJob } from "./follow_job.ts";
import type { Interruption } from "./interruption.ts";

/** What the user wants of a job's predictions. */
export interface OutputWish {
  /** Value of `-o`. @default {<name of the data>.predictions.slp in the working folder} */
  path?: string | undefined;
  /** Replace what is there. @default {false} */
  overwrite?: boolean | undefined;
}

/** Where predictions are to be, checked. */
export interface OutputPlace {
  /** Absolute path. */
  to: string;
  overwrite: boolean;
}

/**
 * Before a job is followed: where its predictions are to be fetched to; null: nothing is fetched.
 *
 * @throws {UsageError} when nothing of it can be fetched, but the user names a place
 * @throws {ConflictError} when something is there and may not be replaced
 * @throws {NotFoundError} when there is no such folder
 */
export async function outputPlaceOf(
  job: FollowedJob,
  described: DescribedJob,
  wish: OutputWish | undefined,
): Promise<OutputPlace | null> {
  if (wish === undefined) return null;
  const { path, overwrite = false } = wish;
  if (described.type === "train" || job.fetchOutput === null) {
    if (path === undefined && !overwrite) return null;
    throw described.type === "train"
      ? new UsageError(`Job ${job.jobId} trains: it makes no predictions`, {
        hint: "Leave -o and --force out.",
      })
      : new UsageError(`The predictions of job ${job.jobId} are on this machine already`, {
        hint: "Leave -o and --force out: their path is printed at the end.",
      });
  }
  // What has failed is told, whatever is there.
  if (described.status !== null && !["queued", "running", "succeeded"].includes(described.status)) {
    return null;
  }
  const to = await checkOutputPlace(path ?? defaultName(described.dataName), { overwrite });
  return { to, overwrite };
}

/** The worker tells the data's name: it leads nowhere. */
function defaultName(dataName: string | null): string {
  const name = predictionsName(basename(dataName ?? "predictions"));
  if (checkEntryName(name) === null) return name;
  throw new UsageError("Cannot name the predictions after their data", {
    hint: "Name a file with -o.",
  });
}

/**
 * Fetch the predictions of a job, and show how far that is.
 *
 * @param left what somebody is told who leaves meanwhile
 * @throws {LeftByUserError} when the user has left
 */
export async function fetchOutput(
  fetch: (options: DownloadOptions) => Promise<DownloadedOutput>,
  place: OutputPlace,
  interruption: Interruption,
  left: string,
): Promise<DownloadedOutput> {
  const line = new LiveLine();
  try {
    const fetched = await fetch({
      ...place,
      signal: interruption.left,
      onProgress: (received, total) => {
        const percent = total === 0 ? 100 : Math.floor(100 * received / total);
        line.update(`fetching the predictions  ${percent} %`);
      },
    });
    line.print(`fetched ${formatBytes(fetched.bytes)}, sha256 ${fetched.sha256.slice(0, 12)}…`);
    if (fetched.record === null) {
      line.print("warning: the worker has no record of which models made these predictions");
    }
    return fetched;
  } catch (error) {
    if (interruption.left.aborted) throw new LeftByUserError(left);
    throw error;
  } finally {
    line.clear();
  }
}
