/**
 * A job that predicts, as its supervisor leaves it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { encodeJobEvent, type JobEventBody, type Output } from "../../lib/protocol/job_events.ts";
import { recordPath } from "../../lib/protocol/prediction_record.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import { JobFolder, type JobResult } from "../../worker/job_folder.ts";
import { predictionRecord, TRACK_JOB } from "./download.ts";

const TIME = "2026-11-24T08:00:00.000Z";

/** Options of {@linkcode addTrackJob}. */
export interface TrackJobOptions {
  /** @default {"succeeded"} */
  status?: JobResult["status"];
  error?: string;
  /** The predictions; null: it has made none. @default {a few bytes} */
  content?: Uint8Array | null;
  /** Where they are. @default {predictions.slp in the job's folder} */
  outputPath?: string;
  events?: readonly JobEventBody[];
}

/** Write the folder of a job that has ended; its ID is {@linkcode TRACK_JOB}. */
export async function addTrackJob(
  root: string,
  options: TrackJobOptions = {},
): Promise<JobFolder> {
  const { status = "succeeded", error = null, content = new Uint8Array([1, 2, 3]) } = options;
  const path = options.outputPath ?? join(root, "jobs", TRACK_JOB, "predictions.slp");
  const folder = await JobFolder.create(root, trackSpec(root, path), {
    version: 1,
    job_id: TRACK_JOB,
    status,
    updated_at: TIME,
    starter: null,
    supervisor: null,
    trainer: null,
    models: [],
  }, new Map());
  const output = content === null ? null : await writeOutput(path, content);
  const bodies = options.events ?? [{ type: "job_finished", status, error }];
  const lines = bodies.map((body, n) => encodeJobEvent({ seq: n + 1, time: TIME, ...body }));
  await Deno.writeTextFile(folder.eventsPath, lines.map((line) => `${line}\n`).join(""));
  await folder.writeResult({
    version: 1,
    job_id: TRACK_JOB,
    status,
    error,
    finished_at: TIME,
    models: [],
    output,
  });
  return folder;
}

/** What it was asked to do. */
export function trackSpec(root: string, outputPath: string): TrackSpec {
  return {
    version: 1,
    job_id: TRACK_JOB,
    type: "track",
    created_at: TIME,
    predictors: [{
      model_id: "a3f5e8c9",
      alias: "mouse-v2",
      model_type: "single_instance",
      checkpoint_path: join(root, "models", "single_instance_a3f5e8c9", "best.ckpt"),
      config_path: join(root, "models", "single_instance_a3f5e8c9", "training_config.yaml"),
      sha256: "c".repeat(64),
    }],
    data_path: join(root, "uploads", "clip.mp4"),
    output_path: outputPath,
    overwrite: false,
    path_map: {},
    options: {},
    base_dir: root,
    allow_interrupted: false,
  };
}

async function writeOutput(path: string, content: Uint8Array): Promise<Output> {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const output = { sha256, bytes: content.length };
  await Deno.writeFile(path, content);
  await Deno.writeTextFile(recordPath(path), JSON.stringify(predictionRecord(output)));
  return { path, ...output };
}
