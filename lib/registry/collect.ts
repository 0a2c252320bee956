import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { logger } from "../log.ts";
import type { ModelEntry } from "./entry.ts";
import { emptyManifest, type Manifest, type ParsedManifest } from "./manifest.ts";
import { ManifestFile } from "./manifest_file.ts";
import { entryFolder, readModelJsons } from "./model_folder.ts";
import { mergeManifest } from "./rebuild.ts";

const log = logger("registry");

/** Everything that is known of a registry whose manifest is damaged. */
export interface Collected {
  /** The manifest rebuilt from all of it. */
  manifest: Manifest;
  /** What the backup holds. */
  backup: Manifest;
  /** There is a backup, and not all of it can be read. */
  isBackupDamaged: boolean;
  /** How many entries came from where, in words. */
  summary: string;
  /** Names of model folders that no entry belongs to. */
  lostFolders: string[];
}

/**
 * Collect the entries of a manifest, its backup and the model folders. Changes nothing.
 *
 * @param root folder that contains `models/`
 * @param found what could be read of the manifest; null: it is missing
 */
export async function collectEntries(
  root: string,
  found: ParsedManifest | null,
  backupPath: string,
): Promise<Collected> {
  const damaged = found ?? NOTHING;
  const backup = await readBackup(backupPath);
  const { entries, unreadable } = await readModelJsons(join(root, "models"));
  const inDamaged = Object.values(damaged.manifest.models);
  const inBackup = Object.values(backup.manifest.models);
  const base = { ...backup.manifest, ...damaged.manifest };
  const partial = [...damaged.partial, ...backup.partial];
  const manifest = mergeManifest(base, [inDamaged, inBackup, entries, partial]);
  const known = new Set(Object.values(manifest.models).flatMap(foldersOf));
  return {
    manifest,
    backup: backup.manifest,
    isBackupDamaged: backup.faults.length > 0,
    summary: `${inDamaged.length} in the file, ${inBackup.length} in its backup, ` +
      `${entries.length} in model folders`,
    lostFolders: unreadable.filter((name) => !known.has(`models/${name}`)).sort(),
  };
}

const NOTHING: ParsedManifest = { manifest: emptyManifest(), faults: [], partial: [] };

/** A backup that cannot be read must not keep the rest from coming back. */
async function readBackup(path: string): Promise<ParsedManifest> {
  try {
    return await new ManifestFile(path).read() ?? NOTHING;
  } catch (error) {
    log.warn(`cannot read ${JSON.stringify(path)}: ${messageOf(error)}`);
    return { ...NOTHING, faults: [messageOf(error)] };
  }
}

/** The folder named after an entry, and the one its checkpoint lies in: older programs named others. */
function foldersOf(entry: ModelEntry): string[] {
  const [checkpointFolder] = entry.checkpoint_path?.match(/^models\/[^/]+/) ?? [];
  return [entryFolder(entry), checkpointFolder].flatMap((folder) => folder ?? []);
}
