/**
 * Comparing a registry with what is on the disk. Nothing is changed, and nothing repaired.
 *
 * @module
 */
import { join } from "node:path";
import { readTextOrNull } from "../files/file_info.ts";
import type { ModelEntry } from "./entry.ts";
import { isKnownVersion } from "./manifest.ts";
import { ManifestFile } from "./manifest_file.ts";
import { readModelJsons } from "./model_folder.ts";
import { namingFaults } from "./verify/naming_faults.ts";
import { copyFaults } from "./verify/copy_faults.ts";
import { fileFaults } from "./verify/file_faults.ts";
import { folderFaults } from "./verify/folder_faults.ts";

/** What is wrong: stable names for scripts. */
export type FaultKind =
  | "manifest"
  | "backup"
  | "missing_folder"
  | "missing_file"
  | "changed_file"
  | "copy"
  | "unknown_folder"
  | "alias"
  | "interrupted";

/** One thing that is wrong in a registry. */
export interface RegistryFault {
  kind: FaultKind;
  /** ID of the model; null: it is not about one. */
  model: string | null;
  /** Relative to the root, or as stored; null: it is not about a file. */
  path: string | null;
  /** What is wrong. */
  message: string;
  /** What to do about it. */
  hint: string;
}

/** What a registry was found to be. */
export interface Verification {
  /** Number of entries. */
  models: number;
  faults: RegistryFault[];
}

const REBUILD = "Recover what can be: sleap-rtc registry rebuild";

/**
 * Look at a registry: its manifest, the files that entries name and their hashes, copies of entries,
 * folders without an entry, aliases.
 *
 * @param root absolute path of the folder that contains `models/`
 * @throws {SleapRtcError} when a file of the registry cannot be read
 */
export async function verifyRegistry(root: string): Promise<Verification> {
  const folder = join(root, "models", ".registry");
  const path = join(folder, "manifest.json");
  const read = await new ManifestFile(path).read();
  if (read === null) return { models: 0, faults: await missingManifest(root) };
  const { manifest, faults } = read;
  const entries = Object.values(manifest.models);
  if (!isKnownVersion(manifest.version)) {
    const newer = `its version ${manifest.version} is newer than this program`;
    return { models: entries.length, faults: [manifestFault(newer, "Update sleap-rtc.")] };
  }
  const ofEntries: RegistryFault[] = [];
  for (const entry of entries) ofEntries.push(...await entryFaults(root, entry));
  return {
    models: entries.length,
    faults: [
      ...faults.map((fault) => manifestFault(fault, REBUILD)),
      ...await backupFaults(join(folder, "manifest.backup.json")),
      ...namingFaults(await readTextOrNull(path) ?? ""),
      ...ofEntries,
      ...await folderFaults(root, entries),
    ],
  };
}

async function entryFaults(root: string, entry: ModelEntry): Promise<RegistryFault[]> {
  return [...await fileFaults(root, entry), ...await copyFaults(root, entry)];
}

/** A root without any model has no manifest to miss. */
async function missingManifest(root: string): Promise<RegistryFault[]> {
  const { entries, unreadable } = await readModelJsons(join(root, "models"));
  if (entries.length === 0) return await folderFaults(root, []);
  const folders = entries.length + unreadable.length;
  return [manifestFault(`it is missing, but there are ${folders} model folders`, REBUILD)];
}

function manifestFault(what: string, hint: string): RegistryFault {
  const path = "models/.registry/manifest.json";
  return { kind: "manifest", model: null, path, message: `manifest.json: ${what}`, hint };
}

async function backupFaults(path: string): Promise<RegistryFault[]> {
  const faults = (await new ManifestFile(path).read())?.faults ?? [];
  return faults.slice(0, 1).map((fault) => ({
    kind: "backup",
    model: null,
    path: "models/.registry/manifest.backup.json",
    message: `manifest.backup.json: ${fault}`,
    hint: "Keep it aside and write a new one: sleap-rtc registry rebuild",
  }));
}
