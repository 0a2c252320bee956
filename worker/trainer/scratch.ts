/**
 * The trainer's temporary folder, on the run's file system: checkpoints are written there and moved
 * into place.
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

/**
 * Make an empty folder in the run's folder, with a short second name where its path is too long for
 * the sockets of Python's loader processes.
 *
 * @param runFolder absolute path of the run's folder
 * @param name unique name of the short one: the job's ID
 * @returns what to give as `TMPDIR`
 */
export async function makeScratch(runFolder: string, name: string): Promise<string> {
  const folder = folderIn(runFolder);
  await removeScratch(runFolder, name);
  await makeFolder(folder, 0o700);
  if (new TextEncoder().encode(folder).length <= MAX_PATH_BYTES) return folder;
  const short = shortName(name);
  return await Deno.symlink(folder, short).then(() => short, () => folder);
}

/** Remove the folder, its short name, and what a killed trainer left in it. */
export async function removeScratch(runFolder: string, name: string): Promise<void> {
  await Deno.remove(shortName(name)).catch(() => {});
  await Deno.remove(folderIn(runFolder), { recursive: true }).catch(() => {});
}

function folderIn(runFolder: string): string {
  return join(runFolder, ".tmp");
}

function shortName(name: string): string {
  return join(tmpdir(), `sleap-rtc-${name}`);
}
