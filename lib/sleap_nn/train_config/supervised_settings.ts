/**
 * Settings that every supervised training has, whatever its configuration says.
 *
 * @module
 */
import { getIn, type PyMap, type PyScalar, type PyValue } from "../../python/value.ts";

/** One such setting. */
interface SupervisedSetting {
  /** Key of a section, e.g. `["trainer_config", "model_ckpt"]`. */
  section: readonly string[];
  key: string;
  value: PyScalar;
}

const TRAINER = ["trainer_config"];
const CHECKPOINTS = ["trainer_config", "model_ckpt"];

/** Checkpoints of the best and of every epoch under their plain names, and a log of whole lines. */
export const SUPERVISED_SETTINGS: readonly SupervisedSetting[] = [
  { section: TRAINER, key: "save_ckpt", value: true },
  { section: TRAINER, key: "enable_progress_bar", value: false },
  { section: CHECKPOINTS, key: "save_last", value: true },
  { section: CHECKPOINTS, key: "save_top_k", value: 1n },
];
/** Set anew for every run: where it writes, and how it is watched. */
const SET_FOR_THE_RUN: readonly (readonly string[])[] = [
  ["trainer_config", "ckpt_dir"],
  ["trainer_config", "zmq", "publish_port"],
  ["trainer_config", "zmq", "controller_port"],
];
/** What sleap-nn 0.3.5 takes for no `ckpt_dir`, and its default. */
const UNSET: readonly (PyValue | undefined)[] = [undefined, null, "", "None", "."];

/**
 * The keys whose values in a configuration a supervised training does not use, e.g.
 * `trainer_config.ckpt_dir`.
 *
 * @param trainerView the configuration as sleap-nn reads it
 */
export function overriddenKeys(trainerView: PyMap): string[] {
  const set = (path: readonly string[]) => !UNSET.includes(getIn(trainerView, path));
  const fixed = SUPERVISED_SETTINGS
    .map(({ section, key, value }) => ({ path: [...section, key], value }))
    .filter(({ path, value }) => set(path) && getIn(trainerView, path) !== value);
  return [...fixed.map(({ path }) => path), ...SET_FOR_THE_RUN.filter(set)]
    .map((path) => path.join("."));
}
