/**
 * The files that an entry names: present, and the checkpoint the one that was recorded.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { messageOf } from "../../errors.ts";
import { isFolder, statOrNull } from "../../files/file_info.ts";
import { sha256File } from "../../files/hash.ts";
import type { ModelEntry } from "../entry.ts";
import { ownFolder } from "../removal.ts";
import { isRunning } from "../transitions.ts";
import type { RegistryFault } from "../verify.ts";

/**
 * What is wrong with the files of an entry.
 *
 * @param root absolute path of the folder that contains `models/`
 */
export async function fileFaults(root: string, entry: ModelEntry): Promise<RegistryFault[]> {
  const missing: RegistryFault[] = [];
  for (const [what, stored] of namedFiles(entry)) {
    if (await isThere(absolute(root, stored))) continue;
    missing.push(missingFile(entry, what, stored, await linkTarget(absolute(root, stored))));
  }
  const folder = ownFolder(root, entry);
  const hasFolder = folder !== null && await isFolder(folder);
  const needsFolder = missing.length > 0 || namedFiles(entry).length === 0;
  if (folder !== null && !hasFolder && needsFolder) return [missingFolder(entry)];
  return [...noCheckpoint(entry), ...missing, ...await hashFaults(root, entry)];
}

function namedFiles(entry: ModelEntry): [what: string, stored: string][] {
  const { checkpoint_path, last_checkpoint_path, config_path } = entry;
  const named = new Map<string, string>();
  if (config_path) named.set(config_path, "configuration");
  if (last_checkpoint_path) named.set(last_checkpoint_path, "newest checkpoint");
  if (checkpoint_path) named.set(checkpoint_path, "checkpoint");
  return [...named].map(([stored, what]) => [what, stored]);
}

/** What cannot be looked at because of a file in the place of a folder is not there either. */
async function isThere(path: string): Promise<boolean> {
  return (await statOrNull(path).catch(() => null))?.isFile ?? false;
}

async function linkTarget(path: string): Promise<string | null> {
  return await Deno.readLink(path).catch(() => null);
}

function absolute(root: string, stored: string): string {
  return isAbsolute(stored) ? stored : join(root, stored);
}

function missingFile(
  { id }: ModelEntry,
  what: string,
  path: string,
  target: string | null,
): RegistryFault {
  const why = target === null ? "" : `: it links to "${target}", which is not there`;
  return {
    kind: "missing_file",
    model: id,
    path,
    message: `model ${id}: its ${what} "${path}" is gone${why}`,
    hint: `Put it back, or delete the model: sleap-rtc delete-model ${id}`,
  };
}

function missingFolder(entry: ModelEntry): RegistryFault {
  const { id, model_type } = entry;
  const path = `models/${model_type}_${id}`;
  return {
    kind: "missing_folder",
    model: id,
    path,
    message: `model ${id}: its folder "${path}" is gone`,
    hint: `Put it back, or delete the entry: sleap-rtc delete-model ${id}`,
  };
}

function noCheckpoint({ id, status, checkpoint_path }: ModelEntry): RegistryFault[] {
  if (checkpoint_path || (status !== "completed" && status !== "interrupted")) return [];
  return [{
    kind: "missing_file",
    model: id,
    path: null,
    message: `model ${id}: it is ${status}, but has no checkpoint`,
    hint: `Train it again: sleap-rtc train --resume ${id} --restart`,
  }];
}

/** What was measured when the training ended; a trainer that is at work may write it just now. */
async function hashFaults(root: string, entry: ModelEntry): Promise<RegistryFault[]> {
  const { id, checkpoint, checkpoint_path: path } = entry;
  if (!checkpoint?.sha256 || !path || isRunning(entry)) return [];
  if (!(await isThere(absolute(root, path)))) return [];
  const found = await sha256OrFault(absolute(root, path));
  if (found === checkpoint.sha256) return [];
  return [{
    kind: "changed_file",
    model: id,
    path,
    message: `model ${id}: its checkpoint "${path}" has changed: ` +
      `SHA-256 ${found.slice(0, 12)}…, recorded is ${checkpoint.sha256.slice(0, 12)}…`,
    hint: `Put the old file back, or train it again: sleap-rtc train --resume ${id} --restart`,
  }];
}

async function sha256OrFault(path: string): Promise<string> {
  try {
    return await sha256File(path);
  } catch (error) {
    return `unknown (${messageOf(error)})`;
  }
}
