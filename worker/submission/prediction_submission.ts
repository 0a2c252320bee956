/**
 * From predictions that a client asks for to a job of this worker.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import { checkOutputPlace } from "../../lib/prediction/output_place.ts";
import { mapPath, pathRules } from "../../lib/prediction/path_map.ts";
import { type TrackSubmission, TrackSubmissionSchema } from "../../lib/protocol/job_submit.ts";
import type { PredictOptions } from "../../lib/protocol/track_spec.ts";
import type { ChosenModels } from "../../lib/protocol/worker_calls.ts";
import type { InputData } from "../../lib/sleap_nn/input_data.ts";
import { checkExtraArguments } from "../../lib/sleap_nn/predict_command.ts";
import type { NewJob } from "../new_job.ts";
import { missingVideos } from "../prediction/check_data.ts";
import { chooseModels } from "../prediction/choose_models.ts";
import { type PredictionPlace, predictionRequest } from "../prediction/prediction_request.ts";
import { IN_A_MOUNT } from "./allowed_paths.ts";
import { namedVideos, resolveVideo } from "./named_files.ts";
import { notASubmission, type SubmissionPlace } from "./training_submission.ts";

/** Where predictions that are asked for are judged. */
export interface PredictionSubmissionPlace extends SubmissionPlace {
  inspect: PredictionPlace["inspect"];
}

/**
 * Check a submission and describe it as a job.
 *
 * @param submission as it came
 * @throws {UsageError} when it is none, cannot be predicted, or names what the worker does not allow
 * @throws {NotFoundError} when a model or file is not there
 * @throws {ConflictError} when a model is being trained, a checkpoint was changed, or the output is
 *   there already
 */
export async function predictionRequestOf(
  submission: unknown,
  place: PredictionSubmissionPlace,
): Promise<NewJob> {
  const parsed = v.safeParse(TrackSubmissionSchema, submission);
  if (!parsed.success) throw notASubmission(parsed.issues[0]);
  const asked = parsed.output;
  const { registry: { root }, allowed } = place;
  const options = optionsOf(asked);
  checkExtraArguments(options.extra ?? []);
  const pathMap = asked.path_mappings ?? {};
  pathRules(pathMap);
  const dataPath = await allowed.resolve(asked.data_path, "data_path", root);
  const { models } = await chooseSubmitted({
    models: asked.models ?? [],
    model_paths: asked.model_paths ?? [],
    allow_interrupted: asked.allow_interrupted ?? false,
    extra: options.extra ?? [],
  }, place);
  await checkVideos(dataPath, pathMap, place);
  return await predictionRequest({
    predictors: models,
    dataPath,
    outputPath: asked.output_path ? await outputOf(asked.output_path, place) : undefined,
    overwrite: false,
    pathMap,
    options,
    baseDir: dirname(dataPath),
    allowInterrupted: asked.allow_interrupted ?? false,
    idempotencyKey: asked.idempotency_key ?? undefined,
  }, {
    root,
    inspect: async (path, options) => {
      const data = await place.inspect(path, options);
      await checkFound(path, data, place);
      return data;
    },
  });
}

/** Which models a client has named. */
export interface SubmittedChoice {
  models: readonly string[];
  model_paths: readonly string[];
  allow_interrupted: boolean;
  extra?: readonly string[];
}

/**
 * The models that a client has named, checked.
 *
 * @throws {UsageError} when they do not go together, or lie where the worker allows nothing
 * @throws {NotFoundError} when a model or one of its files is not there
 * @throws {ConflictError} when one is being trained, or its checkpoint was changed
 */
export async function chooseSubmitted(
  { models, model_paths, allow_interrupted, extra = [] }: SubmittedChoice,
  { registry, allowed }: Pick<SubmissionPlace, "registry" | "allowed">,
): Promise<ChosenModels> {
  if (models.length > 0 && model_paths.length > 0) {
    throw new UsageError("models: they are named or given by their paths, not both");
  }
  const modelPaths: string[] = [];
  for (const [index, path] of model_paths.entries()) {
    const field = `model_paths[${index}]`;
    const real = await allowed.resolve(path, field, registry.root, IN_A_MOUNT);
    // sleap-nn unpickles a checkpoint: it can be a program.
    if (await allowed.isUploaded(real)) {
      throw new UsageError(`${field}: a model that a client has uploaded is not loaded`, {
        hint: "A checkpoint can hold a program. Put it into a folder that the worker mounts.",
      });
    }
    modelPaths.push(real);
  }
  return await chooseModels(registry, {
    models,
    modelPaths,
    allowInterrupted: allow_interrupted,
    extra,
  });
}

async function outputOf(path: string, { allowed, registry }: SubmissionPlace): Promise<string> {
  const field = "output_path (parent directory)";
  const folder = await allowed.resolve(dirname(path), field, registry.root, IN_A_MOUNT);
  if (await allowed.isUploaded(folder)) {
    throw new UsageError(`${field}: uploads are no place for predictions`, { hint: IN_A_MOUNT });
  }
  return await checkOutputPlace(join(folder, basename(path)), { overwrite: false });
}

/** What labels name is opened by sleap-nn: it must be the client's to read. */
async function checkVideos(
  dataPath: string,
  pathMap: Readonly<Record<string, string>>,
  place: SubmissionPlace,
): Promise<void> {
  const missing: string[] = [];
  for (const video of await namedVideos(dataPath, place)) {
    const here = mapPath(video, pathMap);
    const isThere = await resolveVideo(here, dataPath, dirname(dataPath), place)
      .then(() => true, isRefused);
    if (!isThere) missing.push(video);
  }
  // Of what lies outside not even its existence is told.
  if (missing.length > 0) throw missingVideos(basename(dataPath), missing);
}

/** What sleap-io has found is looked at once more: its ways to look for a video may change. */
async function checkFound(
  dataPath: string,
  data: InputData,
  { allowed }: SubmissionPlace,
): Promise<void> {
  for (const { path, exists } of data.videos) {
    if (!exists) continue;
    const isAllowed = await allowed
      .resolve(path, "a video", dirname(dataPath))
      .then(() => true, isRefused);
    if (!isAllowed) throw missingVideos(basename(dataPath), [path]);
  }
}

function isRefused(error: unknown): false {
  if (error instanceof UsageError || error instanceof NotFoundError) return false;
  throw error;
}

function optionsOf(asked: TrackSubmission): PredictOptions {
  const filter = asked.frame_filter;
  const options: Record<keyof PredictOptions, unknown> = {
    only_suggested_frames: asked.only_suggested_frames || filter === "suggested" || null,
    only_labeled_frames: filter === "user" || null,
    only_predicted_frames: filter === "predicted" || null,
    exclude_user_labeled: asked.exclude_user_labeled || null,
    frames: asked.frames,
    video_index: asked.video_index,
    batch_size: asked.batch_size,
    peak_threshold: asked.peak_threshold,
    tracking: asked.tracking || null,
    max_instances: asked.max_instances,
    extra: asked.extra,
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== null && value !== undefined),
  );
}
