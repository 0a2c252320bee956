import { join } from "node:path";
import { sha256File } from "../../lib/files/hash.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";

/** What is to be said of a model; all else is as after a training. */
export interface TrainedModel {
  /** 8 hex digits. */
  id: string;
  model_type: string;
  status?: string;
  job_id?: string;
}

/**
 * Enter a model that was trained, with the files that sleap-nn needs of it; its checkpoint is none.
 *
 * @returns the entry
 */
export async function addTrainedModel(
  registry: ModelRegistry,
  { status = "completed", job_id = "job_00000001", ...model }: TrainedModel,
): Promise<ModelEntry> {
  const model_index = (await registry.list()).length;
  const id = await registry.register({ ...model, job_id, model_index });
  const folder = join(registry.root, "models", `${model.model_type}_${id}`);
  const checkpoint = join(folder, "best.ckpt");
  await Deno.writeTextFile(checkpoint, `weights of ${id}`);
  await Deno.writeTextFile(
    join(folder, "training_config.yaml"),
    `model_config: {head_configs: {${model.model_type}: {}}}\n`,
  );
  const sha256 = await sha256File(checkpoint);
  await registry.update(id, (entry) => ({
    ...entry,
    status,
    checkpoint_path: registry.storedPath(checkpoint),
    checkpoint: { epoch: 4, sha256, bytes: 16 },
  }));
  return await registry.resolve(id);
}
