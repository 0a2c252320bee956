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

/** An interpolation of OmegaConf 2.3 that names a key, and contains no other: `${a.b}`, `${.b[0]}`. */
const KEY_REFERENCE = /\$\{[\w.[\]-]*\}/g;

/**
 * The first interpolation in a configuration that asks a resolver of OmegaConf for something, like
 * `${oc.env:HOME}`: what it gives belongs to the machine that trains. Null: there is none. Of
 * interpolations only references to keys pass: the name of a resolver may come from one, too, as in
 * `${${a.b}:HOME}`.
 */
export function findResolver(value: PyValue): string | null {
  if (typeof value === "string") return isOnlyReferences(value) ? null : interpolationIn(value);
  const children = Array.isArray(value) ? value : isPyMap(value) ? [...value].flat() : [];
  for (const child of children) {
    const found = findResolver(child);
    if (found !== null) return found;
  }
  return null;
}

function isOnlyReferences(text: string): boolean {
  let rest = text;
  for (let before = ""; rest !== before;) {
    before = rest;
    rest = before.replace(KEY_REFERENCE, "_");
  }
  return !rest.includes("${");
}

/** Without what stands around it, which may be a secret. */
function interpolationIn(text: string): string {
  return text.slice(text.indexOf("${"), text.lastIndexOf("}") + 1) || "${";
}

function textsIn(value: PyValue | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (isPyMap(value)) return textsIn([...value].flat());
  return typeof value === "string" ? [value] : [];
}
