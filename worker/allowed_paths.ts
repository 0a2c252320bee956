import { isAbsolute, relative, resolve, sep } from "node:path";
import { NotFoundError, UsageError } from "../lib/errors.ts";

/** The folders of a worker in which clients may name files: its mounts and what they uploaded. */
export class AllowedPaths {
  readonly #folders: readonly string[];

  /** @param folders absolute paths; those that do not exist allow nothing */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * The file or folder that a path means, links followed.
   *
   * @param path absolute, or relative to `baseDir`
   * @param field what names it, for messages
   * @throws {UsageError} when it lies outside
   * @throws {NotFoundError} when it is not there
   */
  async resolve(path: string, field: string, baseDir: string): Promise<string> {
    const absolute = isAbsolute(path) ? path : resolve(baseDir, path);
    const real = await realPathOrNull(absolute);
    // Outside, not even whether something is there is told.
    if (!(await this.#contains(real ?? absolute))) throw this.#outside(path, field);
    if (real === null) {
      throw new NotFoundError(`${field}: there is no "${path}" on the worker`, {
        hint: "Name a file that is there, or one of this machine, which is then uploaded.",
      });
    }
    return real;
  }

  async #contains(path: string): Promise<boolean> {
    for (const folder of this.#folders) {
      const real = await realPathOrNull(folder);
      if (real !== null && isInside(path, real)) return true;
    }
    return false;
  }

  #outside(path: string, field: string): UsageError {
    return new UsageError(`${field}: "${path}" is not in a folder that the worker allows`, {
      hint: "Name a file of this machine, which is then uploaded, or start the worker with " +
        "--mount PATH.",
    });
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

async function realPathOrNull(path: string): Promise<string | null> {
  return await Deno.realPath(path).catch(() => null);
}
