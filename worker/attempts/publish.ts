/**
 * Putting the best checkpoint of all attempts where a model's checkpoint is looked for.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { syncFile, syncFolder, writeError } from "../../lib/files/atomic_write.ts";
import { isFile } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";

const CONFIG = "training_config.yaml";

/**
 * Make a checkpoint the model's `best.ckpt`, whole or not at all, with the configuration that is
 * needed to use it. May be repeated.
 *
 * @param source absolute path of an attempt's `best.ckpt`, which stays
 * @param sha256 of the source
 * @param modelFolder absolute
 * @returns the absolute path of the published file
 * @throws {SleapRtcError} when the disk is full
 */
export async function publishBest(
  source: string,
  sha256: string,
  modelFolder: string,
): Promise<string> {
  const target = join(modelFolder, "best.ckpt");
  if (source === target) return target;
  const config = join(modelFolder, CONFIG);
  const sourceConfig = join(dirname(source), CONFIG);
  if (!(await isFile(config)) && await isFile(sourceConfig)) await copy(sourceConfig, config);
  const isThere = await isFile(target) && await sha256File(target) === sha256;
  if (!isThere) await copy(source, target);
  return target;
}

/** A crash may leave the temp file; the next attempt at it writes it anew. */
async function copy(from: string, to: string): Promise<void> {
  const temp = `${to}.tmp`;
  try {
    await Deno.copyFile(from, temp);
    await syncFile(temp);
    await Deno.rename(temp, to);
    await syncFolder(dirname(to));
  } catch (error) {
    await Deno.remove(temp).catch(() => {});
    throw writeError(to, error);
  }
}
