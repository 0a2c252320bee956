/**
 * The one complete configuration file that a training is started with.
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { clonePyMap, isPyMap, type PyMap, type PyValue } from "../../python/value.ts";
import { writeYaml } from "../../python/yaml_write.ts";
import type { TrainConfig } from "../train_config.ts";
import { PATH_KEYS } from "./paths.ts";
import { SUPERVISED_SETTINGS } from "./supervised_settings.ts";

/** What we decide about a run, over what its configuration says. */
export interface RunSettings {
  /** Absolute folder against which the configuration's relative paths are resolved. */
  baseDir: string;
  /** Absolute folder in which the run's folder is made. */
  ckptDir: string;
  /** Name of the run's folder. */
  runName: string;
  /** Absolute path of the checkpoint to continue from; null: a new training. */
  resumeCheckpoint: string | null;
  /** Absolute paths of the training labels. @default the configuration's */
  trainLabels?: readonly string[] | undefined;
  /** Absolute paths of the validation labels. @default the configuration's */
  valLabels?: readonly string[] | undefined;
  /** Total number of epochs. @default the configuration's, or sleap-nn's 100 */
  maxEpochs?: number | undefined;
  /** Samples in a batch, for training and validation. @default the configuration's */
  batchSize?: number | undefined;
  /** Initial learning rate of the optimizer. @default the configuration's */
  learningRate?: number | undefined;
  /** TCP port on which sleap-nn publishes progress; null: it does not. */
  publishPort: number | null;
  /** TCP port on which sleap-nn takes commands; null: it does not. */
  controllerPort: number | null;
}

/** Sections that sleap-nn reads without asking whether they are null. */
const NEVER_NULL = ["online_hard_keypoint_mining", "wandb"];

/**
 * Complete a configuration for one run: everything in it as given, except what {@linkcode
 * RunSettings} says, what a supervised run needs ({@linkcode SUPERVISED_SETTINGS}) and the
 * Weights & Biases key, which belongs into the environment ({@linkcode TrainConfig.wandbApiKey}).
 *
 * @returns YAML for `sleap-nn train`
 * @throws {UsageError} when a section that must be changed is not a mapping
 */
export function completeTrainConfig(config: TrainConfig, settings: RunSettings): string {
  const root = clonePyMap(config.trainerView);
  const edit = new ConfigEditor(root, config.source);
  resolvePaths(root, settings.baseDir);
  setData(edit, settings);
  setTrainer(edit, config, settings);
  return writeYaml(root);
}

function setData(edit: ConfigEditor, settings: RunSettings): void {
  const data = edit.section("data_config");
  if (settings.trainLabels !== undefined) {
    data.set("train_labels_path", settings.trainLabels.map(literal));
  }
  if (settings.valLabels !== undefined) {
    data.set("val_labels_path", settings.valLabels.map(literal));
  } else if (!data.has("val_labels_path")) {
    data.set("val_labels_path", null);
  }
}

function setTrainer(edit: ConfigEditor, config: TrainConfig, settings: RunSettings): void {
  const trainer = edit.section("trainer_config");
  for (const key of NEVER_NULL) if (trainer.get(key) === null) trainer.delete(key);
  trainer.set("ckpt_dir", literal(settings.ckptDir));
  trainer.set("run_name", literal(settings.runName));
  trainer.set(
    "resume_ckpt_path",
    settings.resumeCheckpoint === null ? null : literal(settings.resumeCheckpoint),
  );
  const maxEpochs = settings.maxEpochs ?? config.maxEpochs;
  if (maxEpochs !== null) trainer.set("max_epochs", BigInt(maxEpochs));
  for (const { section, key, value } of SUPERVISED_SETTINGS) {
    edit.section(...section).set(key, value);
  }
  setHyperparameters(edit, settings);
  setPorts(edit.section("trainer_config", "zmq"), settings);
  if (config.wandbApiKey !== null) edit.section("trainer_config", "wandb").set("api_key", null);
}

function setHyperparameters(edit: ConfigEditor, settings: RunSettings): void {
  if (settings.batchSize !== undefined) {
    for (const loader of ["train_data_loader", "val_data_loader"]) {
      edit.section("trainer_config", loader).set("batch_size", BigInt(settings.batchSize));
    }
  }
  if (settings.learningRate !== undefined) {
    edit.section("trainer_config", "optimizer").set("lr", settings.learningRate);
  }
}

function setPorts(zmq: PyMap, settings: RunSettings): void {
  const { publishPort, controllerPort } = settings;
  zmq.set("publish_port", publishPort === null ? null : BigInt(publishPort));
  zmq.set("controller_port", controllerPort === null ? null : BigInt(controllerPort));
}

/** Finds sections to change, making those that are missing or null. */
class ConfigEditor {
  readonly #root: PyMap;
  readonly #source: string;

  constructor(root: PyMap, source: string) {
    this.#root = root;
    this.#source = source;
  }

  section(...path: string[]): PyMap {
    let map = this.#root;
    for (const key of path) {
      const next = map.get(key) ?? new Map();
      if (!isPyMap(next)) {
        throw new UsageError(`Cannot use "${this.#source}": "${path.join(".")}" is not a mapping`, {
          hint: "Write its settings out as key: value pairs.",
        });
      }
      map.set(key, next);
      map = next;
    }
    return map;
  }
}

function resolvePaths(root: PyMap, baseDir: string): void {
  for (const [name, keys] of Object.entries(PATH_KEYS)) {
    const section = root.get(name);
    if (!isPyMap(section)) continue;
    for (const key of keys) {
      const value = section.get(key);
      if (value !== undefined) section.set(key, resolvedPath(value, baseDir));
    }
  }
}

function resolvedPath(value: PyValue, baseDir: string): PyValue {
  if (Array.isArray(value)) return value.map((item) => resolvedPath(item, baseDir));
  if (typeof value !== "string" || value === "" || isFixed(value)) return value;
  // The configuration's own interpolations stay; ours is the folder before them.
  return value.includes("${") ? `${literal(baseDir)}/${value}` : literal(resolve(baseDir, value));
}

/** Whether a path means the same from every folder: absolute, a URL, or an interpolation first. */
function isFixed(path: string): boolean {
  return isAbsolute(path) || path.startsWith("${") || /^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(path);
}

/** Text that OmegaConf reads back as it is: `${` would begin an interpolation. */
function literal(text: string): string {
  return text.replace(/(\\*)\$\{/g, "$1$1\\${");
}
