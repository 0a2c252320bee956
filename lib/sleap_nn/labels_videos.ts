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
names, links, seen = [], [], set()
def walk(group):
    for key in group:
        link = group.get(key, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            links.append(link.filename)
            continue
        if isinstance(link, h5py.SoftLink):
            continue
        item = group[key]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            continue
        seen.add(address)
        if isinstance(item, h5py.Group):
            walk(item)
        elif isinstance(item, h5py.Dataset):
            links.extend(str(part[0]) for part in item.external or [])
            if item.is_virtual:
                links.extend(part.file_name for part in item.virtual_sources() if part.file_name != ".")
with h5py.File(sys.argv[1], "r") as file:
    walk(file)
    for text in file["videos_json"][()] if "videos_json" in file else []:
        video = json.loads(text)
        backend = video.get("backend") or video
        name = backend.get("filename", video.get("filename"))
        names += name if isinstance(name, list) else [name]
        names += backend.get("filenames") or []
videos = sorted({str(name) for name in names if name and name != "."})
print(json.dumps({"videos": videos, "links": links}))
`;
const FilesSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ videos: v.array(v.string()), links: v.array(v.string()) }),
);

/**
 * The videos and images that labels name, beside what is embedded in them, as they are written there.
 *
 * @param python absolute path of a Python with h5py: sleap-nn's own
 * @param labels absolute path of a labels file
 * @throws {UsageError} when the file cannot be read, or consists of several
 */
export async function labelsVideos(python: string, labels: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(python, ["-c", SCRIPT, labels]);
  const files = v.safeParse(FilesSchema, stdout);
  if (code === 0 && files.success) {
    const { videos, links } = files.output;
    if (links.length === 0) return videos;
    throw new UsageError(`"${labels}" takes parts of itself out of other files`, {
      hint: "Save it whole, with SLEAP or sleap-io: " + links.slice(0, 3).join(", "),
    });
  }
  const reason = stderr.trimEnd().split("\n").at(-1) || "it names its videos in another way";
  throw new UsageError(`Cannot read which videos "${labels}" names: ${reason}`, {
    hint: "Save it again with SLEAP 1.5 or newer, or with embedded images (.pkg.slp).",
  });
}
