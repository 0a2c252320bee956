/**
 * What a trained model's `training_config.yaml` says about how it was trained.
 *
 * @module
 */
import { type JsonValue, toJson, toJsonObject } from "../../python/to_json.ts";
import { getIn, isPyMap, type PyValue } from "../../python/value.ts";
import { parseYaml } from "../../python/yaml.ts";

/** How a model was trained, for comparing models; null where the file does not say. */
export type Hyperparameters = {
  /** Initial learning rate of the optimizer. */
  learning_rate: JsonValue;
  /** Samples in a training batch. */
  batch_size: JsonValue;
  /** E.g. `Adam`. */
  optimizer: JsonValue;
  /** Total number of epochs allowed. */
  max_epochs: JsonValue;
  /** The augmentation section; null where augmentation is off. */
  augmentation: JsonValue;
  /** The backbone's name and its settings. */
  backbone: JsonValue;
};

/**
 * Read the hyperparameters from the text of a sleap-nn `training_config.yaml`.
 *
 * @param source its file name for messages
 * @throws {UsageError} when it is not YAML
 */
export function readHyperparameters(
  text: string,
  source = "training_config.yaml",
): Hyperparameters {
  return hyperparametersOf(parseYaml(text, { source, dialect: "omegaconf" }));
}

/** {@linkcode readHyperparameters} of a configuration that was read before. */
export function hyperparametersOf(config: PyValue): Hyperparameters {
  const trainer = getIn(config, ["trainer_config"]);
  return {
    learning_rate: jsonIn(trainer, ["optimizer", "lr"]),
    batch_size: jsonIn(trainer, ["train_data_loader", "batch_size"]),
    optimizer: jsonIn(trainer, ["optimizer_name"]),
    max_epochs: jsonIn(trainer, ["max_epochs"]),
    augmentation: augmentationOf(config),
    backbone: backboneOf(config),
  };
}

function augmentationOf(config: PyValue): JsonValue {
  const isUsed = getIn(config, ["data_config", "use_augmentations_train"]) !== false;
  return isUsed ? jsonIn(config, ["data_config", "augmentation_config"]) : null;
}

function backboneOf(config: PyValue): JsonValue {
  const backbones = getIn(config, ["model_config", "backbone_config"]);
  if (!isPyMap(backbones)) return null;
  for (const [name, settings] of backbones) {
    if (isPyMap(settings)) return { name: String(name), ...toJsonObject(settings) };
  }
  return null;
}

function jsonIn(value: PyValue | undefined, path: readonly string[]): JsonValue {
  return toJson(getIn(value, path) ?? null);
}
