/**
 * Which files a client may fetch: the predictions of a job, and nothing else.
 *
 * @module
 */
import { basename, join } from "node:path";
import * as v from "valibot";
import { ConflictError, messageOf, NotFoundError, SleapRtcError } from "../../lib/errors.ts";
import { statOrNull } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { Output } from "../../lib/protocol/job_events.ts";
import {
  MAX_RECORD_BYTES,
  type PredictionRecord,
  PredictionRecordSchema,
  recordPath,
} from "../../lib/protocol/prediction_record.ts";
import type { SharedFile } from "../../lib/transfer/download_sender.ts";
import { AllowedPaths } from "../submission/allowed_paths.ts";
import type { WorkerContext } from "../worker_context.ts";

const log = logger("worker");
const NOT_SERVED = "It was made on the worker's own machine, and is not in the folders that the " +
  "worker serves.";

/**
 * The predictions of a job, where they are still what it has made.
 *
 * @throws {NotFoundError} when there is no such job, it has none, or they are gone
 * @throws {ConflictError} when the job has not ended, or they are something else now
 * @throws {UsageError} when they lie outside the worker's folder and its mounts
 */
export async function outputOf(context: WorkerContext, jobId: string): Promise<SharedFile> {
  const folder = await context.queue.find(jobId);
  const result = await folder.readResult();
  if (result === null) {
    throw new ConflictError(`Job ${jobId} has not ended: it has no predictions yet`, {
      hint: `Follow it: sleap-rtc jobs attach ${jobId}`,
    });
  }
  const { output, status } = result;
  if (!output) {
    throw new NotFoundError(`Job ${jobId} has made no predictions: it has ${status}`, {
      hint: `Look at its output: sleap-rtc jobs logs ${jobId}`,
    });
  }
  const path = await servedPath(context, output.path);
  const record = await readRecord(path, output);
  return { path, name: basename(output.path), bytes: output.bytes, sha256: output.sha256, record };
}

/** Links are followed: neither the file nor its folder may lead out. */
async function servedPath({ registry, info }: WorkerContext, path: string): Promise<string> {
  const { root } = registry;
  const folders = [root, ...info.mounts.map((mount) => mount.path)];
  const served = new AllowedPaths(folders, join(root, "uploads"));
  const real = await served.resolve(path, "predictions", root, NOT_SERVED);
  if (real !== await expectedPath(path)) {
    throw new ConflictError(`Cannot send "${path}": there is a link in its place`, {
      hint: "Run the job again.",
    });
  }
  return real;
}

/** Links in the folders above are the user's business. */
async function expectedPath(path: string): Promise<string> {
  return join(await Deno.realPath(join(path, "..")), basename(path));
}

/** Null where it is missing or does not belong to these predictions. */
async function readRecord(path: string, output: Output): Promise<PredictionRecord | null> {
  const place = recordPath(path);
  try {
    const size = (await statOrNull(place))?.size ?? 0;
    if (size === 0) return null;
    if (size > MAX_RECORD_BYTES) throw new SleapRtcError(`"${place}" is too large`);
    const record = v.parse(PredictionRecordSchema, JSON.parse(await Deno.readTextFile(place)));
    if (record.output.sha256 === output.sha256) return record;
    throw new SleapRtcError(`"${place}" belongs to other predictions`);
  } catch (error) {
    log.warn(`no record is sent with "${path}": ${messageOf(error)}`);
    return null;
  }
}
