/**
 * What the files of a model that was trained without this program tell of it.
 *
 * @module
 */
import { join } from "node:path";
import type { TrainingMetrics } from "../protocol/job_events.ts";
import { getIn, isPyMap, type PyValue } from "../python/value.ts";
import { findForeignFiles, type ForeignFiles } from "./foreign_files.ts";
import { fromLegacyConfig, isLegacyConfig } from "./legacy_config.ts";
import { parseTrainerView, runNameOf, trainLabelsOf } from "./train_config.ts";
import { parseConfig, readConfigText } from "./train_config/config_file.ts";
import { headNames } from "./train_config/heads.ts";
import { type Hyperparameters, hyperparametersOf } from "./train_config/hyperparameters.ts";
import { readTrainingLog, summarise } from "./training_log.ts";

/** A model in a folder that this program has not made. */
export interface ForeignModel {
  /** Absolute path. */
  folder: string;
  files: ForeignFiles;
  /** Its head, e.g. `centroid`; null where the configuration names none, or several. */
  modelType: string | null;
  /** The configuration in sleap-nn's layout: what an ID is computed from. */
  config: PyValue;
  /** Null: it has none. */
  runName: string | null;
  /** Labels as the configuration names them; null: it does not. */
  labelsPath: string | null;
  /** Null: there is no log of its epochs. */
  metrics: TrainingMetrics | null;
  hyperparameters: Hyperparameters;
  /** Version of sleap-nn that trained it; null: not known. */
  sleapNnVersion: string | null;
}

/**
 * Read a model that sleap-nn (0.0.1 or newer) or SLEAP (1.4 or older) has trained. Nothing is
 * written.
 *
 * @param folder absolute path
 * @throws {NotFoundError} when a file that it needs is not there
 * @throws {UsageError} when such a file is not what it should be
 */
export async function readForeignModel(folder: string): Promise<ForeignModel> {
  const files = await findForeignFiles(folder);
  const source = join(folder, files.config);
  const text = await readConfigText(source);
  const parsed = parseConfig(text, source);
  const isLegacy = isLegacyConfig(parsed);
  const config = isLegacy ? fromLegacyConfig(parsed) : parsed;
  const view = isLegacy ? config : parseTrainerView(text, source);
  const rows = await readTrainingLog(join(folder, "training_log.csv"));
  const version = getIn(view, ["sleap_nn_version"]);
  return {
    folder,
    files,
    modelType: onlyHead(config),
    config,
    runName: runNameOf(view),
    labelsPath: trainLabelsOf(view)[0] ?? null,
    metrics: rows.length === 0 ? null : summarise(rows),
    hyperparameters: hyperparametersOf(view),
    sleapNnVersion: typeof version === "string" ? version : null,
  };
}

function onlyHead(config: PyValue): string | null {
  if (!isPyMap(getIn(config, ["model_config", "head_configs"]))) return null;
  const [head, ...others] = headNames(config);
  if (typeof head !== "string" || others.length > 0) return null;
  return /^[A-Za-z0-9_]{1,64}$/.test(head) ? head : null;
}
