/**
 * A training on another machine: which files go there, and what is asked for.
 *
 * @module
 */
import { isAbsolute, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import type { TrainSubmission } from "../protocol/job_submit.ts";
import type { TrainOverrides } from "../protocol/job_spec.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import { readTrainConfig, type TrainConfig } from "../sleap_nn/train_config.ts";
import { readConfigText } from "../sleap_nn/train_config/config_file.ts";
import type { UploadFileOptions } from "../transfer/upload.ts";
import type { RemoteWorker } from "./remote_worker.ts";

/** Options of `train`. */
export interface RemoteTrainOptions {
  /** Paths of configurations on this machine. */
  configs: readonly string[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  package?: string | undefined;
  runName?: string | undefined;
  overrides: TrainOverrides;
}

/** A file of this machine, or a path that only the worker knows. */
type FilePlace = { here: string } | { onWorker: string };

/** A training, with its files where they are now. */
export interface RemoteTraining {
  configs: readonly string[];
  labels: FilePlace | null;
  valLabels: FilePlace | null;
  package: FilePlace | null;
  runName: string | undefined;
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
  if (labels !== undefined && pkg !== undefined) {
    throw new UsageError("--labels and --pkg-path both name the labels", {
      hint: "Give one of them.",
    });
  }
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
    overrides: options.overrides,
  };
}

/** What is told while files are sent. */
export interface SendOptions {
  onUpload?(path: string, sentBytes: number, totalBytes: number): void;
  /** Gives up. */
  signal?: AbortSignal;
}

/**
 * Give the files to a worker and ask for the training.
 *
 * @returns the job's ID
 */
export async function startTraining(
  worker: RemoteWorker,
  training: RemoteTraining,
  options: SendOptions = {},
): Promise<string> {
  const send = async (place: FilePlace | null) =>
    place === null ? null : await pathOnWorker(worker, place, options);
  const { max_epochs = null, batch_size = null, learning_rate = null } = training.overrides;
  const submission: Partial<TrainSubmission> & { type: "train" } = {
    type: "train",
    package_path: await send(training.package),
    labels_path: await send(training.labels),
    val_labels_path: await send(training.valLabels),
    config_paths: await inOrder(training.configs, (here) => send({ here })),
    run_name: training.runName ?? null,
    max_epochs,
    batch_size,
    learning_rate,
  };
  return await worker.submit(withoutNulls(submission));
}

async function pathOnWorker(
  worker: RemoteWorker,
  place: FilePlace,
  { onUpload, signal }: SendOptions,
): Promise<string> {
  if ("onWorker" in place) return place.onWorker;
  const options: UploadFileOptions = {
    onProgress: (sent, total) => onUpload?.(place.here, sent, total),
    ...(signal === undefined ? {} : { signal }),
  };
  return (await worker.upload(place.here, options)).path;
}

async function inOrder<T>(
  items: readonly T[],
  send: (item: T) => Promise<string | null>,
): Promise<string[]> {
  const sent: string[] = [];
  for (const item of items) sent.push(await send(item) ?? "");
  return sent;
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

function withoutNulls(
  submission: Partial<TrainSubmission> & { type: "train" },
): Partial<TrainSubmission> & { type: "train" } {
  const given = Object.entries(submission).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(given), type: "train" };
}
