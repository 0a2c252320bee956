/**
 * The ID of a training that is asked for.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { PyValue } from "../python/value.ts";
import {
  digestLabels,
  identifyBy,
  type LabelsDigest,
  type ModelIdentity,
} from "../registry/model_id.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import { runNameOf, trainLabelsOf } from "../sleap_nn/train_config.ts";

/** What a command line says about a run. */
export interface RunOptions {
  labels?: string | undefined;
  runName?: string | undefined;
}

/** An ID, and what it was computed from. */
export interface IdentifiedModel extends ModelIdentity {
  /** The labels as text: the option, else the configuration's first. */
  labelsPath: string;
  runName: string;
  /** Neither the options nor the configuration name the run: it is called by the time. */
  isRunNameNew: boolean;
}

/** A configuration in both readings. */
export interface ReadConfig {
  /** As PyYAML reads it: what the ID is computed from. */
  value: PyValue;
  /** As sleap-nn reads it: what names labels and run. */
  trainerView: PyValue;
  /** Its name for messages. */
  source: string;
}

/**
 * Compute the ID of a training.
 *
 * @param run options of the command line, which come before the configuration
 * @param now what the run is called where options and configuration do not say
 * @param digest reads a labels file; a job, which has checked its labels, reads each once
 * @throws {UsageError} when neither options nor configuration name labels, or the file has none
 */
export async function identifyModel(
  config: ReadConfig,
  run: RunOptions,
  now: string = timestampName(new Date()),
  digest: typeof digestLabels = digestChecked,
): Promise<IdentifiedModel> {
  const labelsPath = run.labels ?? trainLabelsOf(config.trainerView)[0];
  if (labelsPath === undefined) {
    throw new UsageError(`"${config.source}" names no labels to train on`, {
      hint: "Give them with --labels FILE.",
    });
  }
  const given = run.runName ?? runNameOf(config.trainerView);
  const runName = given ?? now;
  const identity = await identifyBy(config.value, await digest(labelsPath), runName);
  return { ...identity, labelsPath, runName, isRunNameNew: given === null };
}

/** Refuses what cannot be trained on; labels that cannot be opened may lie on another machine. */
async function digestChecked(path: string): Promise<LabelsDigest> {
  const digest = await digestLabels(path);
  if (digest.sha256 !== null) {
    await checkLabelsFile(path, "Name a .slp or .pkg.slp file with --labels.");
  }
  return digest;
}

/** The default run name, UTC `yymmdd_HHMMSS`. */
export function timestampName(time: Date): string {
  return time.toISOString().slice(2, 19).replaceAll("-", "").replaceAll(":", "").replace("T", "_");
}
