/**
 * The ID of a model: a hash of what makes two trainings the same, so that the same configuration,
 * labels and run name give the same ID on every machine and in Python.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { errorCode } from "../files/error_code.ts";
import { digestFile } from "../files/hash.ts";
import { dumps } from "../python/json.ts";
import { getIn, type PyValue } from "../python/value.ts";
import { headNames } from "../sleap_nn/train_config/heads.ts";

/** Why a labels file cannot be opened; anything else is a failure of this machine. */
const NO_FILE_CODES: readonly (string | undefined)[] = [
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "ELOOP",
  "ENAMETOOLONG",
];
/** Hex digits of an ID before any collision suffix. */
const ID_LENGTH = 8;

/** What a labels file contributes to an ID. */
export interface LabelsDigest {
  /** MD5 of the file, or of its path where it cannot be opened; 32 hex digits. */
  md5: string;
  /** SHA-256 of the file; null where it cannot be opened. */
  sha256: string | null;
}

/** A model's ID and what it was computed from. */
export interface ModelIdentity {
  /** First 8 digits of {@linkcode fullHash}, before any collision suffix. */
  id: string;
  /** SHA-256, 64 lower-case hex digits. */
  fullHash: string;
  labels: LabelsDigest;
}

/**
 * Compute the ID of a model from its configuration as given, its labels and its run name.
 *
 * The hash covers the head names in configuration order, the backbone, the run name and the MD5 of
 * the labels, written as Python's `json.dumps(…, sort_keys=True)` writes them; nothing else counts.
 *
 * ```ts
 * import { parseYaml } from "../python/yaml.ts";
 * const config = parseYaml("model_config: {head_configs: {centroid: {}}}");
 * const { id, fullHash } = await generateModelId(config, "labels.pkg.slp", "run1");
 * console.assert(fullHash.startsWith(id));
 * ```
 *
 * @param config the configuration as PyYAML or Python's `json` reads it
 * @param labelsPath path of the labels file; where it cannot be opened, the text itself is hashed
 * @throws {UsageError} when the configuration has no heads to read, or holds dates or a mapping
 * with keys of mixed types in its backbone
 */
export async function generateModelId(
  config: PyValue,
  labelsPath: string,
  runName: string,
): Promise<ModelIdentity> {
  return await identifyBy(config, await digestLabels(labelsPath), runName);
}

/** {@linkcode generateModelId} for labels that were digested before. */
export async function identifyBy(
  config: PyValue,
  labels: LabelsDigest,
  runName: string,
): Promise<ModelIdentity> {
  const modelType = headNames(config);
  const backbone = getIn(config, ["model_config", "backbone_config"]) ?? null;
  const canonical = dumps(
    new Map<string, PyValue>([
      ["model_type", modelType],
      ["backbone", backbone],
      ["run_name", runName],
      ["labels_md5", labels.md5],
    ]),
  );
  const fullHash = await sha256Hex(canonical);
  return { id: fullHash.slice(0, ID_LENGTH), fullHash, labels };
}

/** Read a labels file once for all that is computed from it. */
export async function digestLabels(path: string): Promise<LabelsDigest> {
  if (await canOpen(path)) return await digestFile(path);
  return { md5: createHash("md5").update(path, "utf8").digest("hex"), sha256: null };
}

/** False where Python's `open` raises: no such file, a folder, no permission. */
async function canOpen(path: string): Promise<boolean> {
  try {
    if ((await Deno.stat(path)).isDirectory) return false;
    (await Deno.open(path, { read: true })).close();
    return true;
  } catch (error) {
    if (NO_FILE_CODES.includes(errorCode(error))) return false;
    throw error;
  }
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
