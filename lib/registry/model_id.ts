/**
 * The ID of a model: a hash of what makes two trainings the same, so that the same configuration,
 * labels and run name give the same ID on every machine and in Python.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { errorCode } from "../files/error_code.ts";
import { md5File } from "../files/hash.ts";
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

/** A model's ID and what it was computed from. */
export interface ModelIdentity {
  /** First 8 digits of {@linkcode fullHash}, before any collision suffix. */
  id: string;
  /** SHA-256, 64 lower-case hex digits. */
  fullHash: string;
  /** MD5 of the labels file, or of its path where the file cannot be opened; 32 hex digits. */
  labelsMd5: string;
  /** Whether {@linkcode labelsMd5} is of the file's content. */
  labelsRead: boolean;
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
  const modelType = headNames(config);
  const backbone = getIn(config, ["model_config", "backbone_config"]) ?? null;
  const { md5, read } = await labelsDigest(labelsPath);
  const canonical = dumps(
    new Map<string, PyValue>([
      ["model_type", modelType],
      ["backbone", backbone],
      ["run_name", runName],
      ["labels_md5", md5],
    ]),
  );
  const fullHash = await sha256Hex(canonical);
  return { id: fullHash.slice(0, ID_LENGTH), fullHash, labelsMd5: md5, labelsRead: read };
}

async function labelsDigest(path: string): Promise<{ md5: string; read: boolean }> {
  if (await canOpen(path)) return { md5: await md5File(path), read: true };
  return { md5: createHash("md5").update(path, "utf8").digest("hex"), read: false };
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
