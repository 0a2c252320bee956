/**
 * Which files a labels file, or an HDF5 file with images, makes sleap-nn open.
 *
 * @module
 */
import * as v from "valibot";
import { UsageError } from "../errors.ts";
import { runProgram } from "../run_program.ts";

/**
 * sleap-io 0.3 and newer: `videos_json`, a JSON text a video; `.` is the labels file itself. Where
 * embedded images come from stands in a group beside them, as `json`: an attribute or a dataset
 * (`make_video` of `sleap_io/io/slp.py`). Links may give any group that place, so all are read.
 */
const SCRIPT = `
import json, sys, h5py
names, sources, links, seen = [], [], [], set()
def video(found, into):
    backend = found.get("backend") or found
    name = backend.get("filename", found.get("filename"))
    into.extend(name if isinstance(name, list) else [name])
    into.extend(backend.get("filenames") or [])
    for key in ("source_video", "original_video"):
        if isinstance(found.get(key), dict):
            video(found[key], sources)
def source(text):
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return
    if isinstance(found, dict) and "backend" in found:
        video(found, sources)
def look(group):
    if "json" in group.attrs:
        source(group.attrs["json"])
    if isinstance(group.get("json", getlink=True), h5py.ExternalLink):
        return
    item = group["json"] if "json" in group else None
    if isinstance(item, h5py.Dataset) and item.shape == () and not item.external and not item.is_virtual:
        source(item[()])
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
def look_everywhere(group):
    look(group)
    group.visititems(lambda _, item: look(item) if isinstance(item, h5py.Group) else None)
with h5py.File(sys.argv[1], "r") as file:
    walk(file)
    if not links:
        look_everywhere(file)
        for text in file["videos_json"][()] if "videos_json" in file else []:
            video(json.loads(text), names)
def told(found):
    return sorted({str(name) for name in found if name and name != "."})
print(json.dumps({"videos": told(names), "sources": told(sources), "links": links}))
`;
const names = v.array(v.string());
const LabelsVideosSchema = v.object({
  /** Videos and images. */
  videos: names,
  /** Where these were taken from: opened too, but only if they are there. */
  sources: names,
});
/** What a file names, beside what is embedded in it, as it is written there. */
export type LabelsVideos = v.InferOutput<typeof LabelsVideosSchema>;
const FilesSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ ...LabelsVideosSchema.entries, links: names }),
);

/**
 * The videos and images that labels name. An HDF5 file with images names none.
 *
 * @param python absolute path of a Python with h5py: sleap-nn's own
 * @param path absolute path of a labels file or another HDF5 file
 * @throws {UsageError} when the file cannot be read, or consists of several
 */
export async function labelsVideos(python: string, path: string): Promise<LabelsVideos> {
  const { code, stdout, stderr } = await runProgram(python, ["-c", SCRIPT, path]);
  const files = v.safeParse(FilesSchema, stdout);
  if (code === 0 && files.success) {
    const { videos, sources, links } = files.output;
    if (links.length === 0) return { videos, sources };
    throw new UsageError(`"${path}" takes parts of itself out of other files`, {
      hint: "Save it whole, with SLEAP or sleap-io: " + links.slice(0, 3).join(", "),
    });
  }
  const reason = stderr.trimEnd().split("\n").at(-1) || "it names its videos in another way";
  throw new UsageError(`Cannot read which videos "${path}" names: ${reason}`, {
    hint: "Save it again with SLEAP 1.5 or newer, or with embedded images (.pkg.slp).",
  });
}
