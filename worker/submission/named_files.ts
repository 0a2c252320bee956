/**
 * What sleap-nn opens because data name it: it must be the client's to read.
 *
 * @module
 */
import { basename } from "node:path";
import { UsageError } from "../../lib/errors.ts";
import type { LabelsVideos } from "../../lib/sleap_nn/labels_videos.ts";
import { type AllowedPaths, IN_A_MOUNT } from "./allowed_paths.ts";

/** HDF5 files may take their content out of other files. */
const HDF5 = /\.(?:slp|h5|hdf5)$/i;
const URL = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Where the files are judged. */
export interface NamedFilesPlace {
  allowed: AllowedPaths;
  /**
   * What labels, or another HDF5 file, name.
   *
   * @throws {UsageError} when the file takes its content out of other files
   * @throws {SleapRtcError} when it cannot be told
   */
  videosOf(path: string): Promise<LabelsVideos>;
}

/**
 * The videos that data name, as they are written there; what is opened beside them is checked.
 *
 * @param data absolute path of a video or labels file
 * @throws {UsageError} when the data consist of several files, or make sleap-nn fetch a URL
 */
export async function namedVideos(data: string, place: NamedFilesPlace): Promise<string[]> {
  if (!HDF5.test(data)) return [];
  const { videos, sources } = await place.videosOf(data);
  // sleap-io opens where images were taken from, too. A path of whoever labelled them is harmless: no
  // image is read from there.
  if (sources.some((source) => URL.test(source))) throw foreign(data);
  return data.toLowerCase().endsWith(".slp") ? videos : [];
}

/**
 * The file of a video that a client may read.
 *
 * @param video as it is named, or where it is here
 * @param data what names it
 * @param baseDir absolute folder where relative paths begin
 * @throws {UsageError} when it lies outside, or takes its content out of other files
 * @throws {NotFoundError} when it is not there
 */
export async function resolveVideo(
  video: string,
  data: string,
  baseDir: string,
  place: NamedFilesPlace,
): Promise<string> {
  const field = `a video of "${basename(data)}"`;
  const real = await place.allowed.resolve(video, field, baseDir, IN_A_MOUNT);
  await namedVideos(real, place);
  return real;
}

function foreign(data: string): UsageError {
  return new UsageError(`The images in "${basename(data)}" come from a video behind a URL`, {
    hint: "A worker fetches nothing for its clients. Save the labels without their source videos.",
  });
}
