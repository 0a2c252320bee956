/**
 * The trainer's temporary folder.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeFolder } from "../../lib/files/atomic_write.ts";

/**
 * Python's multiprocessing puts sockets into `$TMPDIR/pymp-xxxxxxxx/listener-xxxxxxxx`, and a
 * socket's path has at most 107 bytes on Linux, 103 on macOS.
 */
const MAX_PATH_BYTES = 103 - "/pymp-xxxxxxxx/listener-xxxxxxxx".length;

/** A folder on the run's file system: checkpoints are written there and moved into place. */
export class Scratch {
  /** What to give as `TMPDIR`. */
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.path = path;
  }

  /**
   * Make an empty folder `.tmp` in the run's folder, with a short second name where its path is too
   * long for the sockets of Python's loader processes.
   *
   * @param runFolder absolute path of the run's folder
   * @param name unique name of the short one, e.g. the job's ID
   */
  static async create(runFolder: string, name: string): Promise<Scratch> {
    const folder = join(runFolder, ".tmp");
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await makeFolder(folder, 0o700);
    if (new TextEncoder().encode(folder).length <= MAX_PATH_BYTES) {
      return new Scratch(folder, folder);
    }
    const short = join(tmpdir(), `sleap-rtc-${name}`);
    await Deno.remove(short).catch(() => {});
    try {
      await Deno.symlink(folder, short);
      return new Scratch(folder, short);
    } catch {
      return new Scratch(folder, folder);
    }
  }

  /** Remove the folder and what a killed trainer left in it. */
  async remove(): Promise<void> {
    if (this.path !== this.#folder) await Deno.remove(this.path).catch(() => {});
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }
}
