/**
 * What a client's configuration may ask of the worker's machine.
 *
 * @module
 */
import { UsageError } from "../../lib/errors.ts";
import type { TrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { configPaths, findResolver } from "../../lib/sleap_nn/train_config/paths.ts";
import { shorten } from "../../lib/terminal/width.ts";
import { IN_A_MOUNT } from "./allowed_paths.ts";
import type { SubmissionPlace } from "./training_submission.ts";

/** Labels that a configuration names are not read where others are given. */
const LABEL_KEYS = new Set(["data_config.train_labels_path", "data_config.val_labels_path"]);
const WEIGHT_KEYS = new Set([
  "model_config.pretrained_backbone_weights",
  "model_config.pretrained_head_weights",
]);
/** sleap-nn 0.3.5 makes folders in it, and removes them with all that they hold. */
const CACHE_KEY = "data_config.cache_img_path";
/** Columns of a value in a message. */
const MAX_SHOWN = 200;

/**
 * Refuse a configuration that reads the worker's environment, or files that are not the client's.
 *
 * @param replaced which labels are given beside the configuration: its own are not read then
 * @throws {UsageError} when it does
 * @throws {NotFoundError} when a file is not there
 */
export async function checkSubmittedConfig(
  config: TrainConfig,
  replaced: { train: boolean; val: boolean },
  { allowed, registry }: SubmissionPlace,
): Promise<void> {
  if (config.trainerView.has("hydra")) {
    throw new UsageError(`"${config.source}": its key "hydra" would change how it is read`, {
      hint: "Remove it.",
    });
  }
  const resolver = findResolver(config.trainerView);
  if (resolver !== null) {
    const asked = shorten(resolver, MAX_SHOWN);
    throw new UsageError(`"${config.source}" asks the worker's machine for "${asked}"`, {
      hint: "Write the value itself: a remote training resolves nothing but ${section.key}.",
    });
  }
  for (const { key, path } of configPaths(config.trainerView)) {
    const isReplaced = key === "data_config.train_labels_path" ? replaced.train : replaced.val;
    if (LABEL_KEYS.has(key) && isReplaced) continue;
    if (key === CACHE_KEY) {
      throw new UsageError(`"${config.source}": ${key} would be written to, and emptied`, {
        hint: "Remove it: the trainer then takes a folder of the model's own.",
      });
    }
    if (path.includes("${")) {
      const shown = shorten(path, MAX_SHOWN);
      throw new UsageError(`"${config.source}": ${key} is "${shown}", which cannot be checked`, {
        hint: "Write the path itself.",
      });
    }
    const real = await allowed.resolve(
      path,
      `"${config.source}", ${key}`,
      registry.root,
      LABEL_KEYS.has(key) ? undefined : IN_A_MOUNT,
    );
    if (WEIGHT_KEYS.has(key) && await allowed.isUploaded(real)) {
      throw uploadedWeights(`"${config.source}", ${key}`);
    }
  }
}

/** sleap-nn 0.3.5 unpickles them (`torch.load(…, weights_only=False)`): they can be a program. */
function uploadedWeights(field: string): UsageError {
  return new UsageError(`${field}: weights that a client has uploaded are not loaded`, {
    hint: "Weights can hold a program. Put them into a folder that the worker mounts.",
  });
}
