/**
 * Jobs that have ended: their folders, and predictions in them.
 *
 * @module
 */
import { messageOf } from "../../../lib/errors.ts";
import { isFile } from "../../../lib/files/file_info.ts";
import { logger } from "../../../lib/log.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { JobFolder, type JobResult } from "../../job_folder.ts";
import { lifeOf } from "../../job_life.ts";
import { outputInJob } from "../../prediction/output_in_job.ts";
import type { Garbage } from "../garbage.ts";
import { DAY_MS, isOld, type Look } from "./look.ts";

const log = logger("registry");
/** Younger predictions may not have been fetched yet, in milliseconds; unless an age is asked for. */
const UNFETCHED_MS = 7 * DAY_MS;

/** Predictions in the folders of jobs that have ended; with `jobs` those folders. */
export async function endedJobs(look: Look): Promise<Garbage[]> {
  const found: Garbage[] = [];
  for (const folder of await JobFolder.list(look.registry.root)) {
    try {
      const result = await lifeOf(folder) === "ended" ? await folder.readResult() : null;
      if (result !== null) found.push(...await ofJob(folder, result, look));
    } catch (error) {
      log.warn(`job ${folder.jobId} is left alone: ${messageOf(error)}`);
    }
  }
  return found;
}

async function ofJob(
  folder: JobFolder,
  { finished_at, status }: JobResult,
  { registry: { root }, entries, options }: Look,
): Promise<Garbage[]> {
  const { jobId } = folder;
  const predictions = outputInJob(root, jobId);
  const hasPredictions = await isFile(predictions);
  const young = hasPredictions && options.olderThanDays === undefined ? UNFETCHED_MS : 0;
  if (!isOld(Date.parse(finished_at) || 0, options, young)) return [];
  if (options.jobs && !entries.some((entry) => isResumedFrom(entry, jobId))) {
    const what = `job ${jobId}, ${status}`;
    return [{ kind: "job", path: folder.path, what, model: null, job: jobId }];
  }
  if (!hasPredictions) return [];
  const what = `predictions of job ${jobId}`;
  return [{ kind: "predictions", path: predictions, what, model: null, job: jobId }];
}

/** A resume takes configuration, labels and the models that follow from the job's description. */
function isResumedFrom({ status, job_id }: ModelEntry, jobId: string): boolean {
  return status !== "completed" && job_id === jobId;
}
