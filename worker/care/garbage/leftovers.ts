/**
 * What removals that were killed have left.
 *
 * @module
 */
import { join } from "node:path";
import { DELETED_PREFIX, ownFolder } from "../../../lib/registry/removal.ts";
import type { Garbage } from "../garbage.ts";
import { jobsFolder, uploadsFolder } from "../places.ts";
import { entriesIn } from "../uploads_named.ts";
import type { Look } from "./look.ts";

/** Folders that were moved out of the way and not removed. */
export async function leftovers({ registry: { root }, entries }: Look): Promise<Garbage[]> {
  const ofAttempts = entries.flatMap((entry) => {
    const folder = ownFolder(root, entry);
    return folder === null ? [] : [join(folder, "attempts")];
  });
  const folders = [join(root, "models"), jobsFolder(root), uploadsFolder(root), ...ofAttempts];
  const found: Garbage[] = [];
  for (const folder of folders) {
    for (const { name } of await entriesIn(folder)) {
      if (!name.startsWith(DELETED_PREFIX)) continue;
      const what = "left by a removal that was killed";
      found.push({ kind: "leftover", path: join(folder, name), what, model: null, job: null });
    }
  }
  return found;
}
