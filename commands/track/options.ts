import type { PredictOptions } from "../../lib/protocol/track_spec.ts";
import type { FormatOptions, PlaceOptions } from "../shared/options.ts";

/** Options of `track`, as commander gives them. */
export interface TrackCommandOptions extends FormatOptions, PlaceOptions {
  model: string[];
  checkpoint: string[];
  /** Python's spelling of `checkpoint`. */
  modelPaths: string[];
  dataPath?: string | undefined;
  output?: string | undefined;
  force?: true | undefined;
  allowInterrupted?: true | undefined;
  pathMap: string[];
  frames?: string | undefined;
  videoIndex?: number | undefined;
  onlySuggestedFrames?: true | undefined;
  onlyLabeledFrames?: true | undefined;
  onlyPredictedFrames?: true | undefined;
  excludeUserLabeled?: true | undefined;
  batchSize?: number | undefined;
  peakThreshold?: number | undefined;
  tracking?: true | undefined;
  maxInstances?: number | undefined;
  detach?: true | undefined;
  local?: true | undefined;
  autoSelect?: true | undefined;
}

/** What is asked for, once what belongs together is known to be there. */
export type PredictionAsked = TrackCommandOptions & {
  dataPath: string;
  /** Further arguments for sleap-nn. */
  extra: readonly string[];
};

/** How it is predicted. */
export function predictOptionsOf(asked: PredictionAsked): PredictOptions {
  const options: Record<keyof PredictOptions, unknown> = {
    only_suggested_frames: asked.onlySuggestedFrames,
    only_labeled_frames: asked.onlyLabeledFrames,
    only_predicted_frames: asked.onlyPredictedFrames,
    exclude_user_labeled: asked.excludeUserLabeled,
    frames: asked.frames,
    video_index: asked.videoIndex,
    batch_size: asked.batchSize,
    peak_threshold: asked.peakThreshold,
    tracking: asked.tracking,
    max_instances: asked.maxInstances,
    extra: asked.extra.length === 0 ? undefined : [...asked.extra],
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
