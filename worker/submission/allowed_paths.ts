import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { PathNotAllowedError, PathNotFoundError } from "./path_errors.ts";

const UPLOADED_OR_MOUNTED = "Name a file of this machine, which is then uploaded, or start the " +
  "worker with --mount PATH.";
/** What to do where nothing is uploaded. */
export const IN_A_MOUNT = "It is not uploaded: put it into a folder that the worker mounts " +
  "(--mount PATH), under the path that is named.";

/** The folders of a worker in which clients may name files: its mounts and what they uploaded. */
export class AllowedPaths {
  readonly #mounts: readonly string[];
  readonly #uploads: string;

  /**
   * Absolute paths; folders that do not exist allow nothing.
   *
   * @param uploads what clients have uploaded
   */
  constructor(mounts: readonly string[], uploads: string) {
    this.#mounts = mounts;
    this.#uploads = uploads;
  }

  /** Has a client uploaded the file? Links are followed: the uploads may lie on another disk. */
  async isUploaded(path: string): Promise<boolean> {
    const [file, uploads] = [await realPathOrNull(path), await realPathOrNull(this.#uploads)];
    return file !== null && uploads !== null && isInside(file, uploads);
  }

  /**
   * The file or folder that a path means, links followed.
   *
   * @param path absolute, or relative to `baseDir`
   * @param field what names it, for messages
   * @param hint what to do when it cannot be used
   * @throws {PathNotAllowedError} when it lies outside
   * @throws {PathNotFoundError} when it is not there
   */
  async resolve(
    path: string,
    field: string,
    baseDir: string,
    hint = UPLOADED_OR_MOUNTED,
  ): Promise<string> {
    const absolute = isAbsolute(path) ? path : `${baseDir}/${path}`;
    const real = await realPathOrNull(absolute);
    // Outside, not even whether something is there is told.
    const place = real ?? await placeOfMissing(absolute);
    if (place === null || !(await this.#contains(place))) {
      throw new PathNotAllowedError(field, path, { hint });
    }
    if (real === null) throw new PathNotFoundError(field, path, { hint });
    return real;
  }

  async #contains(path: string): Promise<boolean> {
    for (const folder of [...this.#mounts, this.#uploads]) {
      const real = await realPathOrNull(folder);
      if (real !== null && isInside(path, real)) return true;
    }
    return false;
  }
}

/** Whether an absolute path is a folder or lies in it; links are not looked at. */
function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Where a file would be, links in the part of its path that exists followed; null: behind a link
 * that leads nowhere.
 */
async function placeOfMissing(path: string): Promise<string | null> {
  let [folder, rest] = [path, ""];
  let real: string | null = null;
  while (real === null && folder !== dirname(folder)) {
    if (await isLink(folder)) return null;
    // Not normalised: what `..` means depends on the links before it.
    [folder, rest] = [dirname(folder), join(basename(folder), rest)];
    real = await realPathOrNull(folder);
  }
  return resolve(real ?? folder, rest);
}

async function isLink(path: string): Promise<boolean> {
  return await Deno.lstat(path).then((info) => info.isSymlink, () => false);
}

async function realPathOrNull(path: string): Promise<string | null> {
  return await Deno.realPath(path).catch(() => null);
}
