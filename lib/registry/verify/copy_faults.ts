/**
 * The copy of an entry in its model's folder: from it the registry is rebuilt.
 *
 * @module
 */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { isFolder, readTextOrNull } from "../../files/file_info.ts";
import { type ModelEntry, ModelEntrySchema } from "../entry.ts";
import { MODEL_JSON } from "../model_folder.ts";
import { ownFolder } from "../removal.ts";
import type { RegistryFault } from "../verify.ts";

/**
 * What is wrong with the copy of an entry. An entry that only the older Python program wrote has none.
 *
 * @param root absolute path of the folder that contains `models/`
 */
export async function copyFaults(root: string, entry: ModelEntry): Promise<RegistryFault[]> {
  const folder = ownFolder(root, entry);
  const isOurs = typeof entry.revision === "number";
  if (folder === null || !isOurs || !(await isFolder(folder))) return [];
  const fault = await faultOf(entry, join(folder, MODEL_JSON));
  if (fault === null) return [];
  const { id, model_type } = entry;
  return [{
    kind: "copy",
    model: id,
    path: `models/${model_type}_${id}/${MODEL_JSON}`,
    message: `model ${id}: its ${MODEL_JSON} ${fault.what}`,
    hint: fault.hint ?? "Write it again: sleap-rtc registry rebuild",
  }];
}

async function faultOf(
  entry: ModelEntry,
  path: string,
): Promise<{ what: string; hint?: string } | null> {
  const text = await readTextOrNull(path).catch(() => "");
  if (text === null) return { what: "is missing" };
  const copy = parse(text);
  if (copy === null) return { what: "is damaged" };
  if (copy.id !== entry.id) return { what: `is that of another model, "${copy.id}"` };
  if ((copy.revision ?? 0) < (entry.revision ?? 0)) return { what: "is older than the entry" };
  if ((copy.revision ?? 0) > (entry.revision ?? 0)) {
    return {
      what: "is newer than the entry",
      hint: "Take it into the registry: sleap-rtc registry rebuild",
    };
  }
  const keys = differingKeys(entry, copy);
  if (keys.length === 0) return null;
  return {
    what: `says another ${keys.join(", ")} than the entry`,
    hint: "Compare them: one was changed by hand or damaged. To keep the entry: " +
      "sleap-rtc registry rebuild",
  };
}

function parse(text: string): ModelEntry | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ModelEntrySchema), text);
  return parsed.success ? parsed.output : null;
}

function differingKeys(entry: ModelEntry, copy: ModelEntry): string[] {
  const keys = new Set([...Object.keys(entry), ...Object.keys(copy)]);
  const value = (one: ModelEntry, key: string) => (one as Record<string, unknown>)[key];
  return [...keys].filter((key) => !isDeepStrictEqual(value(entry, key), value(copy, key)));
}
