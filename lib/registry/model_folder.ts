/**
 * The folder of a model, `models/<model_type>_<id>/`, and the copy of its entry in `model.json`.
 *
 * @module
 */
import { join } from "node:path";
import * as v from "valibot";
import { readError } from "../files/access_error.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { type ModelEntry, ModelEntrySchema } from "./entry.ts";
import { outlineJson } from "./json_outline.ts";
import { LONGEST_ENTRY } from "./salvage.ts";

/** File name of the entry's copy. */
export const MODEL_JSON = "model.json";

/** In bytes; indentation and characters of several bytes add to an entry's length. */
const LONGEST_MODEL_JSON = 8 * LONGEST_ENTRY;

/** Name of a model's folder inside `models/`. */
export function modelFolderName(modelType: string, id: string): string {
  return `${modelType}_${id}`;
}

/** Path of a model's folder relative to the registry root, with `/`. */
export function modelFolder(modelType: string, id: string): string {
  return `models/${modelFolderName(modelType, id)}`;
}

/**
 * Path of an entry's folder relative to the registry root; null for an entry without a type, or
 * whose type and ID, as a damaged manifest may have them, name no folder inside `models/`.
 */
export function entryFolder({ model_type, id }: ModelEntry): string | null {
  if (!model_type || /[/\\\0]/.test(model_type + id)) return null;
  return modelFolder(model_type, id);
}

/** Write the entry's copy into its folder, if that folder is there. */
export async function writeModelJson(root: string, entry: ModelEntry): Promise<void> {
  const folder = entryFolder(entry);
  if (folder === null) return;
  try {
    await writeFileAtomic(join(root, folder, MODEL_JSON), `${JSON.stringify(entry, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What the model folders hold. */
export interface ModelFolders {
  /** Entries out of `model.json`. */
  entries: ModelEntry[];
  /** Names of the folders that have no readable `model.json` of their own. */
  unreadable: string[];
}

/** Read the `model.json` of all model folders. */
export async function readModelJsons(modelsFolder: string): Promise<ModelFolders> {
  const found: ModelFolders = { entries: [], unreadable: [] };
  try {
    for await (const { name, isFile } of Deno.readDir(modelsFolder)) {
      // A link may lead to a folder on a larger disk.
      if (isFile || name.startsWith(".")) continue;
      const entry = await readModelJson(join(modelsFolder, name, MODEL_JSON));
      const isItsOwn = entry !== null && modelFolderName(entry.model_type ?? "", entry.id) === name;
      if (isItsOwn) found.entries.push(entry);
      else found.unreadable.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(modelsFolder, error);
  }
  return found;
}

async function readModelJson(path: string): Promise<ModelEntry | null> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile || size > LONGEST_MODEL_JSON) return null;
    const text = await Deno.readTextFile(path);
    if (outlineJson(text).isTooDeep) return null;
    const entry: unknown = JSON.parse(text);
    return v.is(ModelEntrySchema, entry) ? entry : null;
  } catch {
    return null;
  }
}
