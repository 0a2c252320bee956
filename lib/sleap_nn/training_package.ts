/**
 * SLEAP training packages: a zip file with labels, configurations and a script that trains them.
 *
 * The files lie at the root (SLEAP's "Export training job package") or in one top folder.
 *
 * @module
 */
import { posix } from "node:path";
import { UsageError } from "../errors.ts";
import { extractEntry } from "../files/zip_extract.ts";
import { ZipReader } from "../files/zip_reader.ts";
import { type PackagedConfig, readPackagedConfigs } from "./training_package/configs.ts";
import { chooseLabels } from "./training_package/labels.ts";
import { PackageFiles } from "./training_package/package_files.ts";

export type { PackagedConfig } from "./training_package/configs.ts";

/** A checked training package; nothing of it is unpacked yet. */
export class TrainingPackage {
  /** Path of the zip file. */
  readonly path: string;
  /** The configurations in the order of the script; without a script, in name order. */
  readonly configs: readonly PackagedConfig[];
  /** Name of the training labels in the package, e.g. `labels.pkg.slp`. */
  readonly labelsName: string;
  /** Name of the validation labels where the configurations name such a file of the package. */
  readonly valLabelsName: string | null;
  readonly #files: PackageFiles;

  /** @throws {UsageError} when a needed file is missing or ambiguous */
  constructor(files: PackageFiles, configs: readonly PackagedConfig[]) {
    const { labels, valLabels } = chooseLabels(files, configs);
    this.path = files.zip.path;
    this.configs = configs;
    this.labelsName = labels;
    this.valLabelsName = valLabels;
    this.#files = files;
  }

  /**
   * Write the training labels into a folder, which is made when missing: the file appears whole or
   * not at all, and replaces an older one of its name.
   *
   * Requires `--allow-read` and `--allow-write`.
   *
   * @returns the path of the labels
   * @throws {UsageError} when the package is damaged
   * @throws {SleapRtcError} when they cannot be written
   */
  extractLabels(destFolder: string): Promise<string> {
    return this.#extract(this.labelsName, destFolder);
  }

  /** {@linkcode TrainingPackage.extractLabels} for the validation labels; null without any. */
  async extractValLabels(destFolder: string): Promise<string | null> {
    return this.valLabelsName === null ? null : await this.#extract(this.valLabelsName, destFolder);
  }

  #extract(name: string, destFolder: string): Promise<string> {
    const entry = this.#files.require(name);
    return extractEntry(this.#files.zip, entry, posix.basename(name), destFolder);
  }
}

/** Options of {@linkcode openTrainingPackage}. */
export interface OpenTrainingPackageOptions {
  /** False: only the labels are wanted, the script and the configurations stay unread. @default {true} */
  readConfigs?: boolean;
}

/**
 * Open a training package and read its script and configurations; the labels stay packed.
 *
 * Requires `--allow-read`.
 *
 * @throws {NotFoundError} when there is no such file
 * @throws {UsageError} when it is not a zip file, is damaged or unsafe, has no labels or no
 * configuration, or one that sleap-nn does not train
 */
export async function openTrainingPackage(
  path: string,
  options: OpenTrainingPackageOptions = {},
): Promise<TrainingPackage> {
  const files = new PackageFiles(await ZipReader.open(path));
  if (options.readConfigs === false) return new TrainingPackage(files, []);
  const configs = await readPackagedConfigs(files);
  if (configs.length === 0) {
    throw new UsageError(`Training package "${path}" holds no training configuration`, {
      hint: "Export it from SLEAP 1.5 or newer, or give the configuration with --config.",
    });
  }
  return new TrainingPackage(files, configs);
}
