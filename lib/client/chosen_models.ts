/**
 * What a person is told of the models that predict.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import type { ChosenModel } from "../protocol/track_spec.ts";
import type { ChosenModels } from "../protocol/worker_calls.ts";

/** How a model is called: `mouse-v2 (a3f5e8c9)`, without an alias its ID, or its folder's name. */
export function spellModel({ model_id, alias, checkpoint_path }: ChosenModel): string {
  if (model_id === null) return basename(dirname(checkpoint_path));
  return alias === null ? model_id : `${alias} (${model_id})`;
}

/** A line for each model, with its checkpoint, and where it comes from if nobody has named it. */
export function resolvedLines({ models, partner }: ChosenModels): string[] {
  return models.flatMap((model) => [
    `Resolved model: ${spellModel(model)}, ${model.model_type}` +
    (model.model_id !== null && model.model_id === partner
      ? ", which was trained together with it"
      : ""),
    `  ${model.checkpoint_path}`,
  ]);
}
