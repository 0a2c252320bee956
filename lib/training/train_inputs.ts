/**
 * The files of a training: configurations and labels, from the options of `train`.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { sha256File } from "../files/hash.ts";
import type { LabelsDigest } from "../registry/model_id.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import type { Override, TrainConfig } from "../sleap_nn/train_config.ts";
import { readConfigText } from "../sleap_nn/train_config/config_file.ts";
import { openTrainingPackage } from "../sleap_nn/training_package.ts";

/** Options of `train` that name files. */
export interface InputOptions {
  /** Configurations, in training order: paths, or what was read already. */
  configs: readonly (string | ConfigSource)[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  /** A `.pkg.slp` or a SLEAP training package (`.zip`). */
  package?: string | undefined;
  /** Where a training package's labels are unpacked to; made only if there is one. */
  uploads: string;
}

/** A configuration as given. */
export interface ConfigSource {
  text: string;
  /** Its name for messages; the ending tells the format. */
  source: string;
  /** Settings of a package's script. */
  overrides: readonly Override[];
}

/** The files of a training, checked. */
export interface TrainInputs {
  configs: ConfigSource[];
  /** Absolute; null: the configurations name them. */
  labels: string | null;
  /** Absolute; null: as the configurations say. */
  valLabels: string | null;
  /** The file whose name and MD5 stand for the data set; null: the configurations name it. */
  dataFile: string | null;
}

/** Computes the digests of a file. */
type Digest = (path: string) => Promise<LabelsDigest>;

/**
 * Find and read what the options name; the labels of a training package are unpacked.
 *
 * @param digest reads a file; a package is read once for its folder and for its MD5
 * @throws {UsageError} for options that contradict each other, or files that are something else
 * @throws {NotFoundError} for a file that does not exist
 */
export async function readTrainInputs(
  options: InputOptions,
  digest: Digest,
): Promise<TrainInputs> {
  const { package: pkg, labels } = options;
  refuseTwoLabels(options);
  const valLabels = options.valLabels === undefined
    ? null
    : await labelsOf(options.valLabels, "--val-labels");
  if (pkg !== undefined && isZip(pkg)) {
    const packed = await readPackage(pkg, options, digest);
    return { ...packed, valLabels: valLabels ?? packed.valLabels };
  }
  if (options.configs.length === 0) throw noConfiguration(options);
  const configs = await Promise.all(options.configs.map(readConfigSource));
  const path = pkg !== undefined
    ? await labelsOf(pkg, "--pkg-path")
    : labels !== undefined
    ? await labelsOf(labels, "--labels")
    : null;
  return { configs, labels: path, valLabels, dataFile: path };
}

/**
 * Refuse options that name the labels twice.
 *
 * @throws {UsageError} when they do
 */
export function refuseTwoLabels({ labels, package: pkg }: TwoLabels): void {
  if (pkg === undefined || labels === undefined) return;
  throw new UsageError("--labels and --pkg-path both name the labels", {
    hint: "Give one of them.",
  });
}

type TwoLabels = Pick<InputOptions, "labels" | "package">;

/**
 * Check the labels that only a configuration names; what `${…}` will be is for sleap-nn to say.
 *
 * @throws {NotFoundError} when there is no such file
 * @throws {UsageError} when it is something else
 */
export async function checkConfiguredLabels(
  config: TrainConfig,
  inputs: TrainInputs,
): Promise<void> {
  const named = {
    train_labels_path: inputs.labels === null ? config.trainLabels : [],
    // The paths in a package are the exporting machine's.
    val_labels_path: inputs.valLabels === null && !isZip(inputs.dataFile ?? "")
      ? config.valLabels
      : [],
  };
  for (const [key, paths] of Object.entries(named)) {
    const option = key === "val_labels_path" ? "--val-labels" : "--labels";
    const where = `It stands in data_config.${key} of "${config.source}".`;
    for (const path of paths.filter((path) => !path.includes("${"))) {
      const absolute = await existing(path, `${where} Give another file with ${option}.`);
      await checkLabelsFile(absolute, `${where} Give a .slp or .pkg.slp file with ${option}.`);
    }
  }
}

function noConfiguration({ package: pkg, labels }: InputOptions): UsageError {
  const instead = labels === undefined ? "" : "instead of --labels ";
  return new UsageError("No configuration to train", {
    hint: pkg === undefined
      ? `Give one or more with --config FILE.yaml, or ${instead}a SLEAP training package with ` +
        "--pkg-path FILE.zip."
      : `"${pkg}" holds labels only: add --config FILE.yaml.`,
  });
}

/** Labels and, unless `--config` names others, configurations out of a SLEAP training package. */
async function readPackage(
  path: string,
  options: InputOptions,
  digest: Digest,
): Promise<TrainInputs> {
  const zip = await existing(path, anotherFile(path, "--pkg-path"));
  const own = await Promise.all(options.configs.map(readConfigSource));
  const content = await openTrainingPackage(zip, { readConfigs: own.length === 0 });
  const folder = join(options.uploads, (await digest(zip)).sha256 ?? await sha256File(zip));
  const packaged = content.configs.map(({ name, text, overrides }) => ({
    text,
    source: `${path}/${name}`,
    overrides,
  }));
  return {
    configs: own.length > 0 ? own : packaged,
    labels: await content.extractLabels(folder),
    valLabels: await content.extractValLabels(folder),
    dataFile: zip,
  };
}

async function readConfigSource(config: string | ConfigSource): Promise<ConfigSource> {
  if (typeof config !== "string") return config;
  return { text: await readConfigText(config), source: config, overrides: [] };
}

/** What a file that is no labels file should have been, by the option that names it. */
const WANTED = {
  "--labels": "Give a .slp or .pkg.slp file with --labels, or instead of it a training package " +
    "(.zip) with --pkg-path.",
  "--val-labels": "Give a .slp or .pkg.slp file with --val-labels.",
  "--pkg-path": "Give a .pkg.slp file or a training package (.zip) with --pkg-path.",
};

async function labelsOf(path: string, option: keyof typeof WANTED): Promise<string> {
  const absolute = await existing(path, anotherFile(path, option));
  await checkLabelsFile(absolute, WANTED[option]);
  return absolute;
}

function anotherFile(path: string, option: string): string {
  return `Looked for "${resolve(path)}". Name another file with ${option}.`;
}

async function existing(path: string, hint: string): Promise<string> {
  const absolute = isAbsolute(path) ? path : resolve(path);
  const info = await Deno.stat(absolute).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (info?.isFile) return absolute;
  const what = info === null ? "there is no such file" : "it is not a file";
  throw new NotFoundError(`Cannot read "${path}": ${what}`, { hint });
}

function isZip(path: string): boolean {
  return path.toLowerCase().endsWith(".zip");
}
