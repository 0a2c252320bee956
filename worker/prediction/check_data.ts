/**
 * Is there anything to predict on, and are all files there?
 *
 * @module
 */
import { basename } from "node:path";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import type { PredictOptions } from "../../lib/protocol/track_spec.ts";
import type { InputData } from "../../lib/sleap_nn/input_data.ts";

const MAX_NAMED = 10;

const OF_LABELS = {
  only_suggested_frames: "--only-suggested-frames",
  only_labeled_frames: "--only-labeled-frames",
  only_predicted_frames: "--only-predicted-frames",
  exclude_user_labeled: "--exclude-user-labeled",
} as const;

/**
 * Check data against the frames that are wanted of it.
 *
 * @param path of the data, for messages
 * @throws {NotFoundError} when videos that labels name are not there
 * @throws {UsageError} when no frame is left, or an option does not fit the data
 */
export function checkData(path: string, data: InputData, options: PredictOptions): void {
  const name = basename(path);
  if (data.kind === "video") refuseOfLabels(name, options);
  const { video_index } = options;
  if (video_index !== undefined && video_index >= data.videos.length) {
    throw new UsageError(`"${name}" has no video ${video_index}`, {
      hint: `It has ${data.videos.length}, counted from 0.`,
    });
  }
  const videos = video_index === undefined
    ? data.videos
    : data.videos.slice(video_index, video_index + 1);
  const missing = videos.filter(({ exists }) => !exists).map(({ path }) => path);
  if (missing.length > 0) throw missingVideos(name, missing);
  refuseNothing(name, data, options);
  refuseBeyond(name, data, options);
}

function refuseOfLabels(name: string, options: PredictOptions): void {
  for (const key of Object.keys(OF_LABELS) as (keyof typeof OF_LABELS)[]) {
    if (!options[key]) continue;
    throw new UsageError(`${OF_LABELS[key]} needs a labels file, and "${name}" is a video`, {
      hint: "Leave the option out, or name a .slp file.",
    });
  }
  if (options.video_index) {
    throw new UsageError(`--video-index needs a labels file, and "${name}" is a video`, {
      hint: "Leave the option out.",
    });
  }
}

/** The error for videos that labels name and that are not there, or not allowed. */
export function missingVideos(name: string, missing: readonly string[]): NotFoundError {
  const named = missing.slice(0, MAX_NAMED).map((path) => `\n  ${path}`).join("");
  const more = missing.length > MAX_NAMED ? `\n  and ${missing.length - MAX_NAMED} more` : "";
  const what = missing.length === 1 ? "a video that is" : "videos that are";
  return new NotFoundError(`"${name}" names ${what} not there:${named}${more}`, {
    hint: "Tell where they are on that machine: --path-map OLD=NEW replaces the beginning of a " +
      "path. A worker sees its mounts only (worker --mount PATH).",
  });
}

function refuseNothing(name: string, data: InputData, options: PredictOptions): void {
  const count = selectedFrames(data, options);
  if (count > 0) return;
  throw new UsageError(`No frame of "${name}" is selected`, {
    hint: `It has ${data.frames} frames; labelled: ${data.labeledFrames} (by people: ` +
      `${data.userLabeledFrames}), suggested: ${data.suggestedFrames}.`,
  });
}

/** sleap-nn looks at the labelled frames of a labels file, at all frames of a video. */
function selectedFrames(data: InputData, options: PredictOptions): number {
  if (data.kind === "video") return data.frames;
  if (options.only_suggested_frames) return data.suggestedFrames;
  if (options.only_labeled_frames) return data.userLabeledFrames;
  if (options.only_predicted_frames) return data.predictedFrames;
  if (options.exclude_user_labeled) return data.labeledFrames - data.userLabeledFrames;
  // One video of a labels file is looked at whole.
  if (options.video_index !== undefined) return data.videos[options.video_index]?.frames ?? 1;
  return data.labeledFrames;
}

function refuseBeyond(
  name: string,
  data: InputData,
  { frames, video_index }: PredictOptions,
): void {
  if (frames === undefined) return;
  const [first = 0, last = first] = frames.includes("-")
    ? frames.split("-").map(Number)
    : [Math.min(...numbersOf(frames)), Math.max(...numbersOf(frames))];
  const count = data.kind === "video"
    ? data.frames
    : video_index === undefined
    ? data.labeledFrames
    : data.videos[video_index]?.frames ?? null;
  const isBackwards = last < first;
  if (!isBackwards && (count === null || last < count)) return;
  throw new UsageError(
    isBackwards
      ? `--frames ${frames}: the range ends before it begins`
      : `--frames ${frames}: "${name}" has only ${count} frames, counted from 0`,
    { hint: "Write frames as 0,5,10 or as one range 0-99, both ends included." },
  );
}

function numbersOf(frames: string): number[] {
  return frames.split(",").map(Number);
}
