/**
 * Giving a whole file its name without losing what has that name.
 *
 * @module
 */
import { dirname } from "node:path";
import { ConflictError } from "../errors.ts";
import { syncFolder, writeError } from "./atomic_write.ts";

/** Options of {@linkcode putInPlace}. */
export interface PutInPlaceOptions {
  /** Replace what has the name. @default {false} */
  overwrite?: boolean;
}

/**
 * Give a synced temp file its name, and make that durable. Of two who do so at once one is refused.
 * The temp file may be left as a second name: whoever made it removes it.
 *
 * @param temp in the same folder as `path`
 * @throws {ConflictError} when something has the name and may not be replaced
 * @throws {SleapRtcError} when the folder cannot be written
 */
export async function putInPlace(
  temp: string,
  path: string,
  { overwrite = false }: PutInPlaceOptions = {},
): Promise<void> {
  try {
    if (overwrite) await Deno.rename(temp, path);
    else await linkOrReserve(temp, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw existsError(path);
    throw writeError(path, error);
  }
}

/**
 * Before anything is done: refuse a name that something has.
 *
 * @throws {ConflictError} when something has it
 */
export async function assertFree(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw writeError(path, error);
  }
  throw existsError(path);
}

/** Where the file system has no hard links, an empty file holds the name meanwhile. */
async function linkOrReserve(temp: string, path: string): Promise<void> {
  try {
    await Deno.link(temp, path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.AlreadyExists) {
      throw error;
    }
    (await Deno.open(path, { write: true, createNew: true })).close();
    try {
      await Deno.rename(temp, path);
    } catch (why) {
      await Deno.remove(path).catch(() => {});
      throw why;
    }
  }
}

function existsError(path: string): ConflictError {
  return new ConflictError(`Refused to write "${path}": it exists already`, {
    hint: "Choose another name with -o, or replace it with --force.",
  });
}
