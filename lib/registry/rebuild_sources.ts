/**
 * What a rebuild brought back, and from where.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelEntry } from "./entry.ts";
import type { Manifest } from "./manifest.ts";
import { ManifestFile } from "./manifest_file.ts";
import { readModelJsons, writeModelJson } from "./model_folder.ts";
import { copyFaults } from "./verify/copy_faults.ts";

/** Where an entry came from that the manifest did not have, or had in an older version. */
export type EntrySource = "backup" | "model.json" | "damaged manifest";

/** An entry that a rebuild brought back. */
export interface ReturnedEntry {
  id: string;
  modelType: string | null;
  from: EntrySource;
  /** The manifest had it in an older version. */
  isUpdate: boolean;
}

type Revisions = ReadonlyMap<string, number>;

/** The versions of all entries before a rebuild, by where they are. */
export interface EntrySources {
  manifest: Revisions;
  backup: Revisions;
  copies: Revisions;
}

/**
 * Look at what a rebuild can draw on.
 *
 * @param root absolute path of the folder that contains `models/`
 */
export async function readSources(root: string): Promise<EntrySources> {
  const folder = join(root, "models", ".registry");
  // What stands in the way is told by the rebuild itself.
  const copies = await readModelJsons(join(root, "models")).catch(() => null);
  return {
    manifest: await revisionsIn(join(folder, "manifest.json")),
    backup: await revisionsIn(join(folder, "manifest.backup.json")),
    copies: revisionsOf(copies?.entries ?? []),
  };
}

/** What cannot be read holds nothing for a rebuild either. */
async function revisionsIn(path: string): Promise<Revisions> {
  const read = await new ManifestFile(path).read().catch(() => null);
  return revisionsOf(Object.values(read?.manifest.models ?? {}));
}

function revisionsOf(entries: readonly ModelEntry[]): Revisions {
  return new Map(entries.map(({ id, revision }) => [id, revision ?? 0]));
}

/** The entries that are there after a rebuild, and were not before. */
export function returnedEntries(
  before: EntrySources,
  after: readonly ModelEntry[],
): ReturnedEntry[] {
  return after.flatMap(({ id, model_type, revision = 0 }) => {
    const known = before.manifest.get(id);
    if (known !== undefined && known >= (revision ?? 0)) return [];
    const isIn = (source: Revisions) => source.get(id) === (revision ?? 0);
    const from: EntrySource = isIn(before.backup)
      ? "backup"
      : isIn(before.copies)
      ? "model.json"
      : "damaged manifest";
    return [{ id, modelType: model_type ?? null, from, isUpdate: known !== undefined }];
  });
}

/** Write every copy that is missing, damaged or another one; the caller holds the registry's lock. */
export async function writeCopies(root: string, { models }: Manifest): Promise<void> {
  for (const entry of Object.values(models)) {
    if ((await copyFaults(root, entry)).length > 0) await writeModelJson(root, entry);
  }
}
