/**
 * Removing a model so that no crash brings it back: its `model.json` first, then its entry, then its
 * folder, which is moved out of the way under a name that tells what it is.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { syncFolder, writeError } from "../files/atomic_write.ts";
import type { ModelEntry } from "./entry.ts";
import { MODEL_JSON, modelFolderName } from "./model_folder.ts";

/** Beginning of the names of folders that are being removed. */
export const DELETED_PREFIX = ".deleted-";

/** What became of a removed model's files. */
export interface RemovedModel {
  /** The entry as it was. */
  entry: ModelEntry;
  /** Absolute path of its folder under its last name, which the caller removes; null: there is none. */
  remains: string | null;
  /** Absolute path of the folder that stays, wanted so or not ours to remove; null: there is none. */
  kept: string | null;
}

/**
 * Absolute path of the folder that belongs to an entry and to nothing else; null where the entry names
 * none: whoever writes a manifest could otherwise have any folder removed.
 */
export function ownFolder(root: string, { id, model_type }: ModelEntry): string | null {
  if (!model_type) return null;
  const name = modelFolderName(model_type, id);
  const isPlain = basename(name) === name && !name.includes("\\") && !name.startsWith(".");
  return isPlain ? join(root, "models", name) : null;
}

/**
 * Remove an entry's copy, durably.
 *
 * @param folder absolute
 * @throws {SleapRtcError} when it cannot be removed
 */
export async function removeCopy(folder: string): Promise<void> {
  const path = join(folder, MODEL_JSON);
  try {
    await Deno.remove(path);
    await syncFolder(folder);
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!isGone) throw writeError(path, error);
  }
}

/**
 * Give a folder, or a link to one, a name under which nothing looks for it any more.
 *
 * @param path absolute
 * @returns its new absolute path; null where there is nothing
 * @throws {SleapRtcError} when it cannot be moved
 */
export async function moveOutOfTheWay(path: string): Promise<string | null> {
  const name = `${DELETED_PREFIX}${basename(path)}-${crypto.randomUUID().slice(0, 8)}`;
  const target = join(dirname(path), name);
  try {
    await Deno.rename(path, target);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw writeError(path, error);
  }
  await syncFolder(dirname(path));
  return target;
}
