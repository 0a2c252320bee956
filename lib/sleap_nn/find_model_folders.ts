/**
 * Models in a tree of folders.
 *
 * @module
 */
import { join } from "node:path";
import { looksLikeModel } from "./foreign_files.ts";

/** Deeper than any sensible tree; a loop of mounts ends there. */
const MAX_DEPTH = 12;

/** What a tree holds. */
export interface ModelFolders {
  /** Folders that hold a model, sound or not, in natural order (`centroid-2` before `centroid-10`). */
  found: string[];
  /** Folders that could not be read. */
  unreadable: string[];
}

/**
 * Find the folders that hold a model. What lies inside such a folder belongs to that model; hidden
 * folders and links to folders are passed over.
 *
 * @param root absolute path
 */
export async function findModelFolders(root: string): Promise<ModelFolders> {
  const folders: ModelFolders = { found: [], unreadable: [] };
  await search(root, 0, folders);
  folders.found.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return folders;
}

async function search(folder: string, depth: number, folders: ModelFolders): Promise<void> {
  const names: string[] = [];
  const inside: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (!isDirectory) names.push(name);
      else if (!name.startsWith(".")) inside.push(name);
    }
  } catch {
    folders.unreadable.push(folder);
    return;
  }
  if (looksLikeModel(names)) {
    folders.found.push(folder);
    return;
  }
  if (depth === MAX_DEPTH) return;
  for (const name of inside) await search(join(folder, name), depth + 1, folders);
}
