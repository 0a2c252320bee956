/**
 * Damaged files are evidence: they get a name of their own, `<name>.corrupted.<UTC>-<n>.json`, and
 * are never overwritten. The caller holds the registry's lock.
 *
 * @module
 */
import { dirname } from "node:path";
import { linkOrCopy, syncFolder } from "../files/atomic_write.ts";
import { stampOf } from "../files/file_info.ts";

/**
 * Give a damaged file a second name, so that it can be replaced under its own.
 *
 * @returns the name; null where there is no such file
 */
export async function keepDamaged(path: string): Promise<string | null> {
  for (let n = 1;; n++) {
    const kept = keptName(path, n);
    try {
      await linkOrCopy(path, kept);
      await syncFolder(dirname(kept));
      return kept;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** While the damaged file is still in its place, a second name for it tells nothing. */
export async function forgetKept(path: string, kept: string): Promise<void> {
  if (await stampOf(kept) === await stampOf(path)) await Deno.remove(kept);
}

/**
 * Take a damaged file out of the way.
 *
 * @returns its new name
 */
export async function setAside(path: string): Promise<string> {
  for (let n = 1;; n++) {
    const kept = keptName(path, n);
    if (await stampOf(kept) !== null) continue;
    await Deno.rename(path, kept);
    await syncFolder(dirname(kept));
    return kept;
  }
}

function keptName(path: string, n: number): string {
  const time = new Date().toISOString().replace(/[-:]/g, "").replace("T", "_").slice(0, 15);
  return path.replace(/\.json$/, `.corrupted.${time}-${n}.json`);
}
