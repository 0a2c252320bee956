/**
 * What sleap-nn is to look at: is it there, can it be read, and how much is it?
 *
 * @module
 */
import * as v from "valibot";
import { NotFoundError, UsageError } from "../errors.ts";
import { statOrNull } from "../files/file_info.ts";
import { pathRules } from "../prediction/path_map.ts";
import { runProgram } from "../run_program.ts";
import { MAPPED_PY } from "./path_map.ts";

/** A first frame takes moments, labels of 100,000 frames half a minute. */
const TIMEOUT_MS = 180_000;

/** `sleap-io` is asked what it makes of the file, as sleap-nn does. */
const SCRIPT = `
import contextlib, json, os, sys
import sleap_io as sio
path, base, rules = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
${MAPPED_PY}
class Unreadable(Exception):
    pass
def located(name):
    name = mapped(str(name))
    named = name if name[1:2] == ":" else os.path.join(base, name)
    beside = os.path.join(os.path.dirname(path), os.path.basename(name.replace("\\\\", "/")))
    return beside if not os.path.exists(named) and os.path.exists(beside) else named
def count(name):
    try:
        video = sio.load_video(name)
        frames = len(video)
        if frames > 0:
            video[0]
    except Exception as error:
        raise Unreadable(f'Cannot read video "{name}": {error}')
    if frames == 0:
        raise Unreadable(f'Video "{name}" has no frames')
    return frames
def of_video():
    frames = count(path)
    return dict(kind="video", videos=[dict(path=path, exists=True, frames=frames)], frames=frames,
        labeledFrames=0, userLabeledFrames=0, predictedFrames=0, suggestedFrames=0)
def check_embedded(frames):
    try:
        frames[0].image
    except Exception as error:
        raise Unreadable(f'Cannot read the images in "{path}": {error}')
def of_labels():
    try:
        labels = sio.load_slp(path, open_videos=False)
        frames = list(labels.labeled_frames)
    except Exception as error:
        raise Unreadable(f'Cannot read labels "{path}": {error}')
    suggestions = list(labels.suggestions)
    if not frames and not suggestions:
        raise Unreadable(f'"{path}" has no labeled and no suggested frames')
    videos = []
    for video in labels.videos:
        name = (video.backend_metadata or {}).get("filename", video.filename)
        used = [frame for frame in frames if frame.video is video]
        if name == "." or video.filename == path:
            video.open()
            if used:
                check_embedded(used)
            shape = video.shape
            videos.append(dict(path=path, exists=True, frames=shape[0] if shape else None))
            continue
        names = video.filename if isinstance(video.filename, list) else None
        for one in names if names is not None else [name]:
            place = located(one)
            there = os.path.exists(place)
            read = there and names is None and (used or any(frame.video is video for frame in suggestions))
            videos.append(dict(path=place, exists=there, frames=1 if names is not None else count(place) if read else None))
    return dict(kind="labels", videos=videos, frames=sum(video["frames"] or 0 for video in videos),
        labeledFrames=len(frames), suggestedFrames=len(suggestions),
        userLabeledFrames=sum(frame.has_user_instances for frame in frames),
        predictedFrames=sum(frame.has_predicted_instances for frame in frames))
try:
    with contextlib.redirect_stdout(sys.stderr):
        found = of_labels() if path.lower().endswith(".slp") else of_video()
except Unreadable as error:
    found = dict(error=" ".join(str(error).split())[:1000])
print(json.dumps(found))
`;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const InputDataSchema = v.object({
  kind: v.picklist(["video", "labels"]),
  /** The files that sleap-nn opens: a video of single images has one each. */
  videos: v.array(v.object({
    /** Absolute path on this machine; where images are embedded, that of the labels. */
    path: v.string(),
    exists: v.boolean(),
    /** Null: not counted. */
    frames: v.nullable(count),
  })),
  /** Of all videos that were counted. */
  frames: count,
  /** Frames of the labels with anything on them. */
  labeledFrames: count,
  /** Of these, those that a person has labelled. */
  userLabeledFrames: count,
  /** Of these, those with predictions. */
  predictedFrames: count,
  /** Frames that are suggested for labelling. */
  suggestedFrames: count,
});
/** A video or labels file that can be read. */
export type InputData = v.InferOutput<typeof InputDataSchema>;
const AnswerSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.union([InputDataSchema, v.object({ error: v.string() })]),
);

/** Where the videos that labels name are on this machine. */
export interface InputDataOptions {
  /** New beginning of a path by its old one. */
  pathMap: Record<string, string>;
  /** Absolute folder where relative video paths begin. */
  baseDir: string;
}

/**
 * Look at a video or labels file: the first frame of each video that is there is read. Videos that
 * labels name and that are not there are no error; they are in the answer.
 *
 * @param python absolute path of a Python with sleap-io: sleap-nn's own
 * @param path absolute path; a name that ends in `.slp` is one of labels
 * @throws {NotFoundError} when there is no such file
 * @throws {UsageError} when it, or a video that it names, cannot be read or is empty
 */
export async function inspectData(
  python: string,
  path: string,
  options: InputDataOptions,
): Promise<InputData> {
  const { pathMap, baseDir } = options;
  if (await statOrNull(path) === null) {
    throw new NotFoundError(`No data at "${path}"`, {
      hint: "Check the path of the video or labels file.",
    });
  }
  const args = ["-c", SCRIPT, path, baseDir, JSON.stringify(pathRules(pathMap))];
  const { code, timedOut, stdout, stderr } = await runProgram(python, args, {
    timeoutMs: TIMEOUT_MS,
  });
  const answer = v.safeParse(AnswerSchema, stdout);
  if (code === 0 && answer.success) {
    if (!("error" in answer.output)) return answer.output;
    throw new UsageError(answer.output.error, {
      hint: "Check that it opens in SLEAP, and that the file was copied whole.",
    });
  }
  const reason = timedOut
    ? `it took more than ${TIMEOUT_MS / 1000} seconds`
    : stderr.trimEnd().split("\n").at(-1) || "sleap-io says nothing that we understand";
  throw new UsageError(`Cannot look at "${path}": ${reason}`, {
    hint: "Check that it opens in SLEAP, and that the file was copied whole.",
  });
}
