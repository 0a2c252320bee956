/**
 * What the stand-in needs to know of a complete configuration.
 *
 * @module
 */
import { isMapping, type Mapping, valueAt } from "./document.ts";

/** Settings of one training. */
export interface Settings {
  /** First head of the configuration. */
  modelType: string;
  backbone: string;
  /** A centroid model whose `centroid_source` is left to sleap-nn. */
  inferredCentroidSource: boolean;
  /** Node names of the skeleton. */
  nodes: string[];
  trainLabels: string[];
  valLabels: string[];
  testLabels: string[];
  maxEpochs: number;
  /** Null: computed from the data set. */
  stepsPerEpoch: number | null;
  minStepsPerEpoch: number;
  batchSize: number;
  learningRate: number;
  seed: number | null;
  saveCkpt: boolean;
  saveLast: boolean;
  ckptDir: string;
  runName: string | null;
  resumePath: string | null;
  accelerator: string;
  devices: unknown;
  progressBar: boolean;
  /** Null: plateaus don't end the training. */
  earlyStopping: { patience: number; minDelta: number } | null;
  publishPort: number | null;
  controllerPort: number | null;
  wandbKey: string | null;
}

/** Pick the settings out of a complete configuration. */
export function settingsOf(config: Mapping): Settings {
  const trainer = (key: string) => valueAt(config, `trainer_config.${key}`);
  const data = (key: string) => valueAt(config, `data_config.${key}`);
  const modelType = chosen(valueAt(config, "model_config.head_configs")) ?? "";
  const confmaps = `model_config.head_configs.${modelType}.confmaps`;
  return {
    modelType,
    backbone: chosen(valueAt(config, "model_config.backbone_config")) ?? "",
    inferredCentroidSource: valueAt(config, `${confmaps}.centroid_source`) === null,
    nodes: texts(valueAt(config, `${confmaps}.part_names`), ["A", "B"]),
    trainLabels: texts(data("train_labels_path")),
    valLabels: texts(data("val_labels_path")),
    testLabels: texts(data("test_file_path")),
    maxEpochs: Number(trainer("max_epochs")),
    stepsPerEpoch: number(trainer("train_steps_per_epoch")),
    minStepsPerEpoch: Number(trainer("min_train_steps_per_epoch")),
    batchSize: Number(trainer("train_data_loader.batch_size")),
    learningRate: Number(trainer("optimizer.lr")),
    seed: number(trainer("seed")),
    saveCkpt: trainer("save_ckpt") === true,
    saveLast: trainer("model_ckpt.save_last") === true,
    ckptDir: text(trainer("ckpt_dir")) ?? ".",
    runName: text(trainer("run_name")),
    resumePath: text(trainer("resume_ckpt_path")),
    accelerator: String(trainer("trainer_accelerator")),
    devices: trainer("trainer_devices"),
    progressBar: trainer("enable_progress_bar") === true,
    earlyStopping: trainer("early_stopping.stop_training_on_plateau") === true
      ? {
        patience: Number(trainer("early_stopping.patience")),
        minDelta: Number(trainer("early_stopping.min_delta")),
      }
      : null,
    publishPort: number(trainer("zmq.publish_port")),
    controllerPort: number(trainer("zmq.controller_port")),
    wandbKey: text(trainer("wandb.api_key")),
  };
}

/** The first key that is set; null if none is. */
export function chosen(choice: unknown): string | null {
  if (!isMapping(choice)) return null;
  return Object.keys(choice).find((key) => choice[key] !== null) ?? null;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value !== "None" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function texts(value: unknown, initial: string[] = []): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? [value] : initial;
}
