/**
 * The file that is predicted on, as far as a machine without sleap-nn can judge it.
 *
 * @module
 */
import { extname, isAbsolute, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { readError } from "../files/access_error.ts";
import { statOrNull } from "../files/file_info.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import type { FilePlace } from "../training/remote_training.ts";

const HINT = "Name a video or labels file (.slp) with --data-path.";
/** What sleap-io 0.9 reads (`EXTS` of its backends), beside labels. */
const VIDEOS = [
  ".mp4",
  ".avi",
  ".mov",
  ".mj2",
  ".mkv",
  ".h5",
  ".hdf5",
  ".tif",
  ".tiff",
  ".png",
  ".jpg",
  ".jpeg",
  ".bmp",
  ".seq",
];

/**
 * Find data to predict on. A file that is not here, but named by an absolute path, is taken for one
 * of the worker.
 *
 * @throws {NotFoundError} when it is nowhere
 * @throws {UsageError} when it is no video and no labels, or empty
 */
export async function findDataFile(path: string): Promise<FilePlace> {
  const here = resolve(path);
  const info = await look(here);
  if (info === null) {
    if (isAbsolute(path)) return { onWorker: path };
    throw new NotFoundError(`Cannot read "${path}": there is no such file`, {
      hint: `Looked for "${here}". A file of the worker needs its whole path.`,
    });
  }
  if (!info.isFile) throw new UsageError(`Cannot read "${path}": it is not a file`, { hint: HINT });
  if (info.size === 0) throw new UsageError(`"${path}" is empty`, { hint: HINT });
  await checkKind(here, path);
  return { here };
}

async function look(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await statOrNull(path);
  } catch (error) {
    throw readError(path, error);
  }
}

async function checkKind(here: string, path: string): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (extension === ".slp") await checkLabelsFile(here, HINT);
  else if (!VIDEOS.includes(extension)) {
    throw new UsageError(`"${path}" is no video and no labels file that sleap-nn reads`, {
      hint: `${HINT} Videos: ${VIDEOS.join(" ")}`,
    });
  }
}
