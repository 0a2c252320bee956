/**
 * Folders in `models/` that no entry belongs to.
 *
 * @module
 */
import { join } from "node:path";
import { readError } from "../../files/access_error.ts";
import { isFile } from "../../files/file_info.ts";
import type { ModelEntry } from "../entry.ts";
import { entryFolder, MODEL_JSON } from "../model_folder.ts";
import type { RegistryFault } from "../verify.ts";

/**
 * Folders without an entry; empty ones are no model's.
 *
 * @param root absolute path of the folder that contains `models/`
 */
export async function folderFaults(
  root: string,
  entries: readonly ModelEntry[],
): Promise<RegistryFault[]> {
  const known = new Set(entries.flatMap(foldersOf));
  const faults: RegistryFault[] = [];
  for (const name of await foldersIn(join(root, "models"))) {
    const path = `models/${name}`;
    if (known.has(path)) continue;
    const hasCopy = await isFile(join(root, path, MODEL_JSON));
    faults.push({
      kind: "unknown_folder",
      model: null,
      path,
      message: `folder "${path}" belongs to no entry`,
      hint: hasCopy
        ? "Bring the model back: sleap-rtc registry rebuild"
        : "Remove the folder if you do not need it, or enter it: sleap-rtc import-model DIR",
    });
  }
  return faults;
}

/** Older programs named folders otherwise: the one that a checkpoint lies in is known, too. */
function foldersOf(entry: ModelEntry): string[] {
  const { checkpoint_path, last_checkpoint_path, config_path } = entry;
  const named = [checkpoint_path, last_checkpoint_path, config_path].flatMap((path) =>
    path?.match(/^models\/[^/]+/)?.[0] ?? []
  );
  return [...named, entryFolder(entry) ?? ""];
}

/** Names of the folders that hold anything, in order; a link may lead to one on a larger disk. */
async function foldersIn(models: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(models)) {
      if (isFile || name.startsWith(".")) continue;
      if (await holdsAnything(join(models, name))) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(models, error);
  }
  return names.sort();
}

async function holdsAnything(folder: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(folder)) return true;
    return false;
  } catch {
    return true;
  }
}
