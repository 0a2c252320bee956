/**
 * sleap-nn training configurations: reading them and checking what every training needs.
 *
 * @module
 */
import { reprFloat } from "../python/float.ts";
import { getIn, isPyMap, PyDate, type PyMap, type PyValue } from "../python/value.ts";
import { parseYaml } from "../python/yaml.ts";
import { checkedHead, checkedMap, checkedMaxEpochs } from "./train_config/check.ts";
import { isJsonName, parseConfig } from "./train_config/config_file.ts";
import { type Override, withOverrides } from "./train_config/overrides.ts";
import { overriddenKeys } from "./train_config/supervised_settings.ts";

export type { Override };
export { type Hyperparameters, readHyperparameters } from "./train_config/hyperparameters.ts";

/** A checked sleap-nn training configuration with one head. */
export class TrainConfig {
  /** What messages call it: its file name or path. */
  readonly source: string;
  /** As PyYAML or Python's `json` reads it: what the model ID is computed from. */
  readonly value: PyMap;
  /** As OmegaConf, and with it sleap-nn, reads it: what is trained. */
  readonly trainerView: PyMap;
  /** The head, e.g. `centroid`; letters, digits and underscores. */
  readonly modelType: string;
  /** Total number of epochs; null when it cannot be told before the training (an interpolation). */
  readonly maxEpochs: number | null;

  /** @throws {UsageError} when sleap-nn could not train it; see {@linkcode readTrainConfig} */
  constructor(value: PyValue, trainerView: PyValue, source: string) {
    this.source = source;
    this.value = checkedMap(value, source);
    this.trainerView = checkedMap(trainerView, source);
    this.modelType = checkedHead(this.value, source);
    this.maxEpochs = checkedMaxEpochs(this.trainerView, source);
  }

  /**
   * The same configuration with settings of a command line: they change what is trained, not what
   * the model ID is computed from.
   *
   * @throws {UsageError} when a setting does not fit the configuration
   */
  withOverrides(overrides: readonly Override[]): TrainConfig {
    const view = withOverrides(this.trainerView, overrides, this.source);
    return new TrainConfig(this.value, view, this.source);
  }

  /** `trainer_config.run_name`; null when unset. */
  get runName(): string | null {
    return runNameOf(this.trainerView);
  }

  /** `data_config.train_labels_path`, as given. */
  get trainLabels(): string[] {
    return trainLabelsOf(this.trainerView);
  }

  /** `data_config.val_labels_path`, as given; empty: split off the training labels. */
  get valLabels(): string[] {
    return textsOf(getIn(this.trainerView, ["data_config", "val_labels_path"]));
  }

  /** `trainer_config.resume_ckpt_path`, the checkpoint to continue from; null when unset. */
  get resumeCheckpoint(): string | null {
    return textOf(getIn(this.trainerView, ["trainer_config", "resume_ckpt_path"])) || null;
  }

  /** Keys whose values a supervised training does not use, e.g. `trainer_config.ckpt_dir`. */
  get overriddenKeys(): string[] {
    return overriddenKeys(this.trainerView);
  }

  /** The Weights & Biases key written in the configuration: a secret, never to be printed. */
  get wandbApiKey(): string | null {
    const key = textOf(getIn(this.trainerView, ["trainer_config", "wandb", "api_key"]));
    return key === null || key === "" || key.includes("${") ? null : key;
  }
}

/**
 * Read a training configuration and check that it is one: a mapping with exactly one head and at
 * most one backbone.
 *
 * @param source its file name for messages; a name ending in `.json` is read as JSON, else as YAML
 * @throws {UsageError} when it cannot be read or is not a configuration sleap-nn trains
 */
export function readTrainConfig(text: string, source: string): TrainConfig {
  return new TrainConfig(parseConfig(text, source), parseTrainerView(text, source), source);
}

/**
 * A configuration's text as OmegaConf, and with it sleap-nn, reads it.
 *
 * @throws {UsageError} when it cannot be read
 */
export function parseTrainerView(text: string, source: string): PyValue {
  return isJsonName(source)
    ? parseConfig(text, source)
    : parseYaml(text, { source, dialect: "omegaconf" });
}

/** `trainer_config.run_name` of a configuration as sleap-nn reads it; null when unset. */
export function runNameOf(trainerView: PyValue): string | null {
  const name = textOf(getIn(trainerView, ["trainer_config", "run_name"]));
  return name === "" || name === "None" ? null : name;
}

/** `data_config.train_labels_path` of a configuration as sleap-nn reads it. */
export function trainLabelsOf(trainerView: PyValue): string[] {
  return textsOf(getIn(trainerView, ["data_config", "train_labels_path"]));
}

function textOf(value: PyValue | undefined): string | null {
  if (value === undefined || value === null || Array.isArray(value) || isPyMap(value)) return null;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof PyDate) return value.text;
  return typeof value === "number" ? reprFloat(value) : String(value);
}

function textsOf(value: PyValue | undefined): string[] {
  const items = Array.isArray(value) ? value : [value];
  return items.filter((item) => typeof item === "string");
}
