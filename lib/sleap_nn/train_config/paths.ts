import { getIn, isPyMap, type PyMap, type PyValue } from "../../python/value.ts";

/** Keys of the configuration that hold paths (sleap-nn 0.3.5, `data_config.py`, `model_config.py`). */
export const PATH_KEYS: Readonly<Record<string, readonly string[]>> = {
  data_config: ["train_labels_path", "val_labels_path", "test_file_path", "cache_img_path"],
  model_config: ["pretrained_backbone_weights", "pretrained_head_weights"],
};

/** A path that a configuration names. */
export interface ConfigPath {
  /** E.g. `data_config.test_file_path`. */
  key: string;
  /** As given. */
  path: string;
}

/** Every path that a configuration names, beside the run's own folder, which is never its choice. */
export function configPaths(trainerView: PyMap): ConfigPath[] {
  return Object.entries(PATH_KEYS).flatMap(([section, keys]) =>
    keys.flatMap((key) =>
      textsIn(getIn(trainerView, [section, key])).filter((path) => path !== "")
        .map((path) => ({ key: `${section}.${key}`, path }))
    )
  );
}

/**
 * The first text in a configuration that asks a resolver of OmegaConf for something, like
 * `${oc.env:HOME}`: what it gives belongs to the machine that trains. Null: there is none.
 */
export function findResolver(value: PyValue): string | null {
  if (typeof value === "string") return /\$\{[^{}]*:/.test(value) ? value : null;
  const children = Array.isArray(value) ? value : isPyMap(value) ? [...value].flat() : [];
  for (const child of children) {
    const found = findResolver(child);
    if (found !== null) return found;
  }
  return null;
}

function textsIn(value: PyValue | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return typeof value === "string" ? [value] : [];
}
