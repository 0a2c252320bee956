/**
 * From checked models and data to a job that predicts.
 *
 * @module
 */
import type { ChosenModel, PredictOptions, TrackSpec } from "../../lib/protocol/track_spec.ts";
import type { InputData } from "../../lib/sleap_nn/input_data.ts";
import { jobIdOf, newJobId } from "../../lib/training/job_id.ts";
import type { NewJob } from "../new_job.ts";
import { checkData } from "./check_data.ts";
import { outputInJob } from "./output_in_job.ts";

/** What is to be predicted. */
export interface PredictionOrder {
  predictors: readonly ChosenModel[];
  /** Absolute path of a video or `.slp`. */
  dataPath: string;
  /** Absolute path; undefined: in the job's folder. */
  outputPath?: string | undefined;
  overwrite: boolean;
  /** New beginning of video paths by old beginning. */
  pathMap: Readonly<Record<string, string>>;
  options: PredictOptions;
  /** Absolute folder where relative video paths begin. */
  baseDir: string;
  allowInterrupted: boolean;
  idempotencyKey?: string | undefined;
}

/** Where it is to be predicted. */
export interface PredictionPlace {
  /** Absolute path of the registry root. */
  root: string;
  /**
   * Look at data.
   *
   * @throws {UsageError} when it cannot be read, or is empty
   */
  inspect(path: string, options: Pick<PredictionOrder, "pathMap" | "baseDir">): Promise<InputData>;
}

/**
 * Look at the data and describe the job.
 *
 * @throws {UsageError} when the data cannot be read, or no frame of it is selected
 * @throws {NotFoundError} when videos that labels name are not there
 */
export async function predictionRequest(
  order: PredictionOrder,
  place: PredictionPlace,
): Promise<NewJob> {
  checkData(order.dataPath, await place.inspect(order.dataPath, order), order.options);
  const { idempotencyKey } = order;
  const jobId = idempotencyKey === undefined ? newJobId() : jobIdOf(idempotencyKey);
  const spec: TrackSpec = {
    version: 1,
    job_id: jobId,
    type: "track",
    created_at: new Date().toISOString(),
    predictors: [...order.predictors],
    data_path: order.dataPath,
    output_path: order.outputPath ?? outputInJob(place.root, jobId),
    overwrite: order.overwrite,
    path_map: { ...order.pathMap },
    options: order.options,
    base_dir: order.baseDir,
    allow_interrupted: order.allowInterrupted,
    ...(idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }),
  };
  return { spec, configs: new Map(), warnings: [] };
}
