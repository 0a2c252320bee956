/**
 * The models of a job that predicts, as sleap-nn is given them.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../../lib/files/atomic_write.ts";
import type { ChosenModel } from "../../lib/protocol/track_spec.ts";
import { BEST_CHECKPOINT, configIn, LEGACY_CHECKPOINT } from "../../lib/sleap_nn/model_folder.ts";

/** What people call a model: alias, ID or type. */
export function nameOf({ model_id, alias, model_type }: ChosenModel): string {
  if (model_id === null) return `the ${model_type} model`;
  return alias === null ? `model ${model_id}` : `model ${alias} (${model_id})`;
}

/**
 * The folders that sleap-nn is given: a model's own where it loads the chosen checkpoint from there,
 * else one with links in the job's folder.
 *
 * @param jobFolder absolute path
 * @returns absolute paths in the order of the models
 */
export async function modelFolders(
  predictors: readonly ChosenModel[],
  jobFolder: string,
): Promise<string[]> {
  const folders: string[] = [];
  for (const [index, model] of predictors.entries()) {
    const { checkpoint_path, config_path } = model;
    const own = dirname(checkpoint_path);
    const isOwn = basename(checkpoint_path) === loadedName(checkpoint_path) &&
      await configIn(own) === config_path;
    folders.push(isOwn ? own : await linkedFolder(join(jobFolder, "models", `${index}`), model));
  }
  return folders;
}

/** The name under which sleap-nn loads such a file out of a folder. */
function loadedName(checkpointPath: string): string {
  return /\.h5$/i.test(checkpointPath) ? LEGACY_CHECKPOINT : BEST_CHECKPOINT;
}

async function linkedFolder(folder: string, model: ChosenModel): Promise<string> {
  await makeFolder(folder, 0o700);
  const config = model.config_path.toLowerCase().endsWith(".json") ? "json" : "yaml";
  await Deno.symlink(model.checkpoint_path, join(folder, loadedName(model.checkpoint_path)));
  await Deno.symlink(model.config_path, join(folder, `training_config.${config}`));
  return folder;
}
