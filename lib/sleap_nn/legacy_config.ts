/**
 * Training configurations of SLEAP 1.4 and older, whose models sleap-nn loads.
 *
 * @module
 */
import { getIn, isPyMap, type PyMap, type PyScalar, type PyValue } from "../python/value.ts";

/** Names of heads that sleap-nn calls otherwise (its `legacy_models.py`). */
const RENAMED_HEADS: Partial<Record<string, string>> = { multi_instance: "bottomup" };

/** Whether a configuration has the layout of SLEAP 1.4 and older. */
export function isLegacyConfig(config: PyValue): boolean {
  return isPyMap(getIn(config, ["model", "heads"]));
}

/**
 * The same settings where sleap-nn's configurations have them: heads, backbone, labels, run name and
 * hyperparameters. It describes a trained model; nothing is trained from it.
 */
export function fromLegacyConfig(config: PyValue): PyMap {
  const at = (...path: string[]): PyValue => getIn(config, path) ?? null;
  return mapOf({
    model_config: mapOf({
      head_configs: withNewNames(at("model", "heads")),
      backbone_config: at("model", "backbone"),
    }),
    data_config: mapOf({
      train_labels_path: at("data", "labels", "training_labels"),
      augmentation_config: at("optimization", "augmentation_config"),
    }),
    trainer_config: mapOf({
      run_name: at("outputs", "run_name"),
      max_epochs: at("optimization", "epochs"),
      optimizer_name: at("optimization", "optimizer"),
      optimizer: mapOf({ lr: at("optimization", "initial_learning_rate") }),
      train_data_loader: mapOf({ batch_size: at("optimization", "batch_size") }),
    }),
  });
}

function withNewNames(heads: PyValue): PyValue {
  if (!isPyMap(heads)) return heads;
  return new Map([...heads].map(([name, head]): [PyScalar, PyValue] => {
    return [typeof name === "string" ? RENAMED_HEADS[name] ?? name : name, head];
  }));
}

function mapOf(values: Record<string, PyValue>): PyMap {
  return new Map<PyScalar, PyValue>(Object.entries(values));
}
