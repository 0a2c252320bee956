/**
 * The command line that predicts.
 *
 * @module
 */
import type { PredictOptions } from "../protocol/track_spec.ts";
import { checkExtraArguments } from "./predict_command/extra_arguments.ts";

export { checkExtraArguments };

/** What is predicted, with what, and how. */
export interface Prediction {
  /** Absolute paths of model folders. */
  modelPaths: readonly string[];
  /** Absolute path of a video or `.slp`. */
  dataPath: string;
  /** Absolute path of a `.slp`; sleap-nn replaces what is there. */
  outputPath: string;
  options: PredictOptions;
  /** Of sleap-nn; null: not known. */
  version: string | null;
}

const SWITCHES = [
  "only_labeled_frames",
  "only_suggested_frames",
  "only_predicted_frames",
  "exclude_user_labeled",
  "tracking",
] as const;
const VALUES = [
  "frames",
  "video_index",
  "batch_size",
  "peak_threshold",
  "max_instances",
] as const;

/**
 * The arguments after `sleap-nn`.
 *
 * @throws {UsageError} when an extra argument is none that may be passed on
 */
export function predictArguments(prediction: Prediction): string[] {
  const { modelPaths, dataPath, outputPath, options, version } = prediction;
  const { extra = [] } = options;
  checkExtraArguments(extra);
  return [
    commandOf(version),
    "--gui",
    "--data_path",
    dataPath,
    ...modelPaths.flatMap((path) => ["--model_paths", path]),
    "--output_path",
    outputPath,
    ...SWITCHES.flatMap((name) => options[name] ? [`--${name}`] : []),
    ...VALUES.flatMap((name) =>
      options[name] === undefined ? [] : [`--${name}`, `${options[name]}`]
    ),
    ...extra,
  ];
}

/** Before 0.3.0 `predict` is for exported models alone, or not there (sleap-nn-contract 3.1). */
function commandOf(version: string | null): "predict" | "track" {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (major === undefined || minor === undefined) return "predict";
  return Number(major) === 0 && Number(minor) < 3 ? "track" : "predict";
}
