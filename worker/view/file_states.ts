/**
 * The files of a model, compared with what is recorded of them.
 *
 * @module
 */
import { isFile, statOrNull } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import type { FileState } from "../../lib/registry/located_model.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";

/** Options of {@linkcode lookAtFiles}. */
export interface LookAtFilesOptions {
  /** Hash the checkpoint: reads all of it. */
  verify: boolean;
}

/** What is known of the files that an entry names, by their path as stored. */
export async function lookAtFiles(
  registry: ModelRegistry,
  entry: ModelEntry,
  { verify }: LookAtFilesOptions,
): Promise<Map<string, FileState>> {
  const { checkpoint_path, last_checkpoint_path, config_path, checkpoint } = entry;
  const states = new Map<string, FileState>();
  for (const path of new Set([checkpoint_path, last_checkpoint_path, config_path])) {
    if (path) states.set(path, await lookAt(registry.absolutePath(path)));
  }
  const state = checkpoint_path ? states.get(checkpoint_path) : undefined;
  if (!checkpoint_path || !state?.exists) return states;
  const { bytes, sha256 } = checkpoint ?? {};
  states.set(checkpoint_path, {
    ...state,
    ...(typeof bytes === "number" ? { hasRecordedSize: bytes === state.bytes } : {}),
    ...(verify ? await hashState(registry.absolutePath(checkpoint_path), sha256 ?? null) : {}),
  });
  return states;
}

async function lookAt(path: string): Promise<FileState> {
  const target = await Deno.readLink(path).catch(() => null);
  if (!(await isFile(path))) return { exists: false, ...(target === null ? {} : { target }) };
  const info = await statOrNull(path);
  return {
    exists: true,
    bytes: info?.size ?? 0,
    modifiedAt: info?.mtime?.toISOString() ?? null,
    ...(target === null ? {} : { target }),
  };
}

async function hashState(path: string, recorded: string | null): Promise<Partial<FileState>> {
  const sha256 = await sha256File(path);
  return { sha256, ...(recorded === null ? {} : { hasRecordedHash: sha256 === recorded }) };
}
