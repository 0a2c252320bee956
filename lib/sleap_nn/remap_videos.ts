/**
 * Labels whose videos are somewhere else on this machine.
 *
 * @module
 */
import { SleapRtcError } from "../errors.ts";
import { pathRules } from "../prediction/path_map.ts";
import { runProgram } from "../run_program.ts";
import { MAPPED_PY } from "./path_map.ts";

/** A package of images is copied in full: gigabytes. */
const TIMEOUT_MS = 600_000;

const SCRIPT = `
import json, shutil, sys
import h5py, numpy
source, target, rules = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
${MAPPED_PY}
def renamed(part):
    return {key: moved(item) if key in ("filename", "filenames") else item for key, item in part.items()}
def remap(video):
    backend = video.get("backend") or {}
    if backend.get("filename", video.get("filename")) == ".":
        return video
    return dict(renamed(video), backend=renamed(backend)) if backend else renamed(video)
def moved(name):
    if isinstance(name, list):
        return [moved(item) for item in name]
    return mapped(name) if isinstance(name, str) else name
with h5py.File(source, "r") as file:
    named = [json.loads(text) for text in file["videos_json"][()]]
found = [remap(video) for video in named]
if found != named:
    shutil.copyfile(source, target)
    with h5py.File(target, "a") as file:
        del file["videos_json"]
        videos = [numpy.bytes_(json.dumps(video)) for video in found]
        file.create_dataset("videos_json", data=videos, maxshape=(None,))
print("copied" if found != named else "unchanged")
`;

/**
 * Write a copy of a labels file that names its videos by where they are on this machine. Images that
 * are embedded stay so.
 *
 * @param python absolute path of a Python with h5py: sleap-nn's own
 * @param from absolute path of a `.slp`
 * @param to absolute path of the copy; what is there is replaced
 * @param pathMap new beginning of a path by its old one
 * @returns false: the map changes none of them, and there is no copy
 * @throws {SleapRtcError} when it cannot be written
 */
export async function remapVideos(
  python: string,
  from: string,
  to: string,
  pathMap: Record<string, string>,
): Promise<boolean> {
  const args = ["-c", SCRIPT, from, to, JSON.stringify(pathRules(pathMap))];
  const { code, timedOut, stdout, stderr } = await runProgram(python, args, {
    timeoutMs: TIMEOUT_MS,
  });
  if (code === 0) return stdout.trim() === "copied";
  await Deno.remove(to).catch(() => {});
  const reason = timedOut
    ? `it took more than ${TIMEOUT_MS / 60_000} minutes`
    : stderr.trimEnd().split("\n").at(-1) || "its Python was killed";
  throw new SleapRtcError(`Cannot write "${from}" with other video paths: ${reason}`, {
    hint: "Save it again with SLEAP 1.5 or newer, with the paths of this machine.",
  });
}
