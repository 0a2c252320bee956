/**
 * Which files a labels file makes sleap-nn open.
 *
 * @module
 */
import * as v from "valibot";
import { UsageError } from "../errors.ts";
import { runProgram } from "../run_program.ts";

/** sleap-io 0.3 and newer: `videos_json`, a JSON text a video; `.` is the labels file itself. */
const SCRIPT = `
import json, sys, h5py
names = []
with h5py.File(sys.argv[1], "r") as file:
    for text in file["videos_json"][()] if "videos_json" in file else []:
        video = json.loads(text)
        backend = video.get("backend") or video
        name = backend.get("filename", video.get("filename"))
        names += name if isinstance(name, list) else [name]
        names += backend.get("filenames") or []
print(json.dumps(sorted({str(name) for name in names if name and name != "."})))
`;
const NamesSchema = v.pipe(v.string(), v.parseJson(), v.array(v.string()));

/**
 * The videos and images that labels name, beside what is embedded in them, as they are written there.
 *
 * @param python absolute path of a Python with h5py: sleap-nn's own
 * @param labels absolute path of a labels file
 * @throws {UsageError} when the file cannot be read
 */
export async function labelsVideos(python: string, labels: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(python, ["-c", SCRIPT, labels]);
  const names = v.safeParse(NamesSchema, stdout);
  if (code === 0 && names.success) return names.output;
  const reason = stderr.trimEnd().split("\n").at(-1) || "it names its videos in another way";
  throw new UsageError(`Cannot read which videos "${labels}" names: ${reason}`, {
    hint: "Save it again with SLEAP 1.5 or newer, or with embedded images (.pkg.slp).",
  });
}
