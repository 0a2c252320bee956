/**
 * Models that are named by their path.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { isFile, isFolder } from "../files/file_info.ts";
import { parseTrainerView } from "./train_config.ts";
import { readConfigText } from "./train_config/config_file.ts";
import { headNames } from "./train_config/heads.ts";

/** Name of the checkpoint that sleap-nn loads out of a model's folder. */
export const BEST_CHECKPOINT = "best.ckpt";
/** The same of SLEAP 1.4 and older, which sleap-nn loads, too. */
export const LEGACY_CHECKPOINT = "best_model.h5";
/** Names of the configuration that it looks for beside the checkpoint, in this order. */
export const CONFIG_NAMES = ["training_config.yaml", "training_config.json"] as const;

/** A trained model on this machine; absolute paths. */
export interface ModelFolder {
  folder: string;
  checkpointPath: string;
  configPath: string;
  /** Its head, e.g. `centroid`. */
  modelType: string;
}

/**
 * Find a model's files by its folder, a checkpoint in it, or its `training_config`.
 *
 * @throws {NotFoundError} when one of the files is not there
 * @throws {UsageError} when the path names something else, or the configuration is none
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const { folder, checkpointPath } = await placesOf(resolve(path));
  if (!(await isFile(checkpointPath))) {
    throw new NotFoundError(`Model "${path}" has no checkpoint: "${checkpointPath}" not found`, {
      hint: "Name the folder that sleap-nn wrote, or a checkpoint (.ckpt) in it.",
    });
  }
  const configPath = await configIn(folder);
  if (configPath === null) {
    throw new NotFoundError(`Model "${path}" has no ${CONFIG_NAMES[0]} in "${folder}"`, {
      hint: "sleap-nn cannot load a checkpoint without the configuration it was trained with.",
    });
  }
  return { folder, checkpointPath, configPath, modelType: await modelTypeOf(configPath) };
}

/** The configuration of the model in a folder, as an absolute path; null: there is none. */
export async function configIn(folder: string): Promise<string | null> {
  for (const name of CONFIG_NAMES) {
    const path = join(folder, name);
    if (await isFile(path)) return path;
  }
  return null;
}

/**
 * The model type that a configuration names.
 *
 * @throws {NotFoundError} when it is not there
 * @throws {UsageError} when it names none, or several
 */
export async function modelTypeOf(configPath: string): Promise<string> {
  const names = headNames(parseTrainerView(await readConfigText(configPath), configPath));
  const [name] = names;
  if (typeof name === "string" && names.length === 1) return name;
  throw new UsageError(`"${configPath}" names ${names.length} heads, not one`);
}

async function placesOf(path: string): Promise<{ folder: string; checkpointPath: string }> {
  if (await isFolder(path)) return { folder: path, checkpointPath: join(path, BEST_CHECKPOINT) };
  if (!(await isFile(path))) {
    throw new NotFoundError(`No model at "${path}"`, {
      hint: "Check its path; relative paths begin in the folder you are in.",
    });
  }
  const folder = dirname(path);
  if (path.endsWith(".ckpt")) return { folder, checkpointPath: path };
  if (CONFIG_NAMES.some((name) => name === basename(path))) {
    return { folder, checkpointPath: join(folder, BEST_CHECKPOINT) };
  }
  throw new UsageError(`"${path}" is no model`, {
    hint: "Name a model's folder, its checkpoint (.ckpt) or its training_config.yaml.",
  });
}
