/**
 * The files of a training on another machine, found on this one.
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import type { TrainOverrides } from "../protocol/job_spec.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import { readTrainConfig, type TrainConfig } from "../sleap_nn/train_config.ts";
import { readConfigText } from "../sleap_nn/train_config/config_file.ts";
import { refuseTwoLabels } from "./train_inputs.ts";

/** Options of `train`. */
export interface RemoteTrainOptions {
  /** Paths of configurations on this machine. */
  configs: readonly string[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  package?: string | undefined;
  runName?: string | undefined;
  /** Of the first model. */
  alias?: string | undefined;
  overrides: TrainOverrides;
}

/** A file of this machine, or a path that only the worker knows. */
export type FilePlace = { here: string } | { onWorker: string };

/** A training, with its files where they are now. */
export interface RemoteTraining {
  configs: readonly string[];
  labels: FilePlace | null;
  valLabels: FilePlace | null;
  package: FilePlace | null;
  runName: string | undefined;
  alias: string | undefined;
  overrides: TrainOverrides;
}

/**
 * Find the files of a training. A file that is not here, but named by an absolute path, is taken for
 * one of the worker.
 *
 * @throws {UsageError} for options or files that cannot be trained
 * @throws {NotFoundError} for a file that is nowhere
 */
export async function findTraining(options: RemoteTrainOptions): Promise<RemoteTraining> {
  const { labels, package: pkg } = options;
  refuseTwoLabels(options);
  if (options.configs.length === 0 && !(pkg ?? "").toLowerCase().endsWith(".zip")) {
    throw new UsageError("No configuration to train", {
      hint: "Give one or more with --config FILE.yaml, or a SLEAP training package with " +
        "--pkg-path FILE.zip.",
    });
  }
  const configs = await Promise.all(
    options.configs.map(async (path) => readTrainConfig(await readConfigText(path), path)),
  );
  return {
    configs: options.configs.map((path) => resolve(path)),
    labels: labels === undefined && pkg === undefined
      ? await namedLabels(configs, (config) => config.trainLabels, "--labels")
      : await placeOf(labels, "--labels"),
    valLabels: options.valLabels === undefined
      ? await namedLabels(configs, (config) => config.valLabels, "--val-labels")
      : await placeOf(options.valLabels, "--val-labels"),
    package: await placeOf(pkg, "--pkg-path"),
    runName: options.runName,
    alias: options.alias,
    overrides: options.overrides,
  };
}

/** Labels that only the configurations name: one file of this machine for all, or the worker's. */
async function namedLabels(
  configs: readonly TrainConfig[],
  labelsOf: (config: TrainConfig) => string[],
  option: string,
): Promise<FilePlace | null> {
  const paths = new Set(configs.flatMap(labelsOf));
  const here = [];
  for (const path of paths) if (await isHere(path)) here.push(path);
  const [first] = here;
  if (first === undefined) return null;
  if (paths.size > 1) {
    throw new UsageError(
      `The configurations name several labels files: ${[...paths].map(quoted).join(", ")}`,
      { hint: `A training on another machine takes one: name it with ${option} FILE.` },
    );
  }
  return await placeOf(first, option);
}

async function placeOf(path: string | undefined, option: string): Promise<FilePlace | null> {
  if (path === undefined) return null;
  const here = resolve(path);
  if (await isHere(path)) {
    if (!path.toLowerCase().endsWith(".zip")) {
      await checkLabelsFile(here, `Give a .slp or .pkg.slp file with ${option}.`);
    }
    return { here };
  }
  if (isAbsolute(path)) return { onWorker: path };
  throw new NotFoundError(`Cannot read "${path}": there is no such file`, {
    hint: `Looked for "${here}". A file of the worker needs its whole path.`,
  });
}

async function isHere(path: string): Promise<boolean> {
  return await Deno.stat(resolve(path)).then((info) => info.isFile, () => false);
}

function quoted(text: string): string {
  return `"${text}"`;
}
