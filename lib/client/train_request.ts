/**
 * From the options of `train` to the description of a job.
 *
 * @module
 */
import { basename, isAbsolute, join, resolve } from "node:path";
import { NotFoundError, UsageError } from "../errors.ts";
import { sha256File } from "../files/hash.ts";
import type { ModelSpec, TrainOverrides, TrainSpec } from "../protocol/job_spec.ts";
import { checkLabelsFile } from "../sleap_nn/labels_file.ts";
import { type Override, readTrainConfig, type TrainConfig } from "../sleap_nn/train_config.ts";
import { readConfigText } from "../sleap_nn/train_config/config_file.ts";
import { openTrainingPackage } from "../sleap_nn/training_package.ts";
import { digestLabels } from "../registry/model_id.ts";
import { identifyModel, timestampName } from "./identify_model.ts";

/** What the user asked for. */
export interface TrainOptions {
  /** Paths of configurations, in training order. */
  configs: readonly string[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  /** A `.pkg.slp` or a SLEAP training package (`.zip`). */
  package?: string | undefined;
  runName?: string | undefined;
  overrides: TrainOverrides;
  /** Where a training package's labels are unpacked to; made only if there is one. */
  uploads: string;
}

/** A job that can be submitted: the spec, and the configurations by their names in it. */
export interface TrainRequest {
  spec: TrainSpec;
  configs: ReadonlyMap<string, string>;
}

interface ConfigSource {
  text: string;
  /** Its name for messages; the ending tells the format. */
  source: string;
  /** Settings of a package's script. */
  overrides: readonly Override[];
}

interface Inputs {
  configs: ConfigSource[];
  labels: string | null;
  valLabels: string | null;
  /** The file whose name and MD5 stand for the data set; null: the configurations name it. */
  dataFile: string | null;
}

/**
 * Check what the user asked for and describe it as a job.
 *
 * @throws {UsageError} for options or configurations that cannot be trained
 * @throws {NotFoundError} for a configuration, labels file or package that does not exist
 */
export async function makeTrainRequest(options: TrainOptions): Promise<TrainRequest> {
  const inputs = await readInputs(options);
  const models: ModelSpec[] = [];
  const configs = new Map<string, string>();
  const now = timestampName(new Date());
  const digest = once(digestLabels);
  for (const [index, { text, source, overrides }] of inputs.configs.entries()) {
    const config = readTrainConfig(text, source).withOverrides(overrides);
    if (inputs.labels === null) await checkLabels(config);
    const run = { labels: inputs.labels ?? undefined, runName: options.runName };
    const identity = await identifyModel(config, run, now, digest);
    const { fullHash, labels: { sha256 }, labelsPath, runName } = identity;
    const dataFile = inputs.dataFile ?? (sha256 === null ? null : labelsPath);
    const name = `configs/${index}${source.toLowerCase().endsWith(".json") ? ".json" : ".yaml"}`;
    configs.set(name, text);
    models.push({
      config: name,
      model_type: config.modelType,
      run_name: runName,
      full_hash: fullHash,
      dataset: dataFile && basename(dataFile),
      training_job_hash: dataFile && (await digest(dataFile)).md5,
      labels_sha256: sha256,
      script_overrides: overrides.map(([key, value]) => [key, value]),
    });
  }
  const spec: TrainSpec = {
    version: 1,
    job_id: newJobId(),
    type: "train",
    created_at: new Date().toISOString(),
    models,
    labels_path: inputs.labels,
    val_labels_path: inputs.valLabels,
    base_dir: Deno.cwd(),
    overrides: options.overrides,
  };
  return { spec, configs };
}

/** The same function, which computes each answer once. */
function once<T>(compute: (path: string) => Promise<T>): (path: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (path) => {
    const answer = known.get(path) ?? compute(path);
    known.set(path, answer);
    return answer;
  };
}

async function readInputs(options: TrainOptions): Promise<Inputs> {
  const { package: pkg, labels } = options;
  if (pkg !== undefined && labels !== undefined) {
    throw new UsageError("--labels and --pkg-path both name the labels", {
      hint: "Give one of them.",
    });
  }
  const valLabels = options.valLabels === undefined
    ? null
    : await existingLabels(options.valLabels, "--val-labels");
  if (pkg !== undefined && isZip(pkg)) {
    const packed = await readPackage(pkg, options);
    return { ...packed, valLabels: valLabels ?? packed.valLabels };
  }
  if (options.configs.length === 0) {
    throw new UsageError("No configuration to train", {
      hint:
        "Give one or more with --config FILE.yaml, or a SLEAP training package with --pkg-path.",
    });
  }
  const configs = await Promise.all(options.configs.map(readConfigSource));
  const dataFile = pkg ?? labels;
  const path = dataFile === undefined
    ? null
    : await existingLabels(dataFile, pkg === undefined ? "--labels" : "--pkg-path");
  return { configs, labels: path, valLabels, dataFile: path };
}

/** Labels and, unless `--config` names others, configurations out of a SLEAP training package. */
async function readPackage(path: string, options: TrainOptions): Promise<Inputs> {
  const zip = await existing(path, "--pkg-path");
  const own = await Promise.all(options.configs.map(readConfigSource));
  const content = await openTrainingPackage(zip, { readConfigs: own.length === 0 });
  const folder = join(options.uploads, await sha256File(zip));
  const packaged = content.configs.map(({ name, text, overrides }) => ({
    text,
    source: name,
    overrides,
  }));
  return {
    configs: own.length > 0 ? own : packaged,
    labels: await content.extractLabels(folder),
    valLabels: await content.extractValLabels(folder),
    dataFile: zip,
  };
}

async function readConfigSource(path: string): Promise<ConfigSource> {
  return { text: await readConfigText(path), source: path, overrides: [] };
}

/** Labels that only the configuration names; what `${…}` will be is for sleap-nn to say. */
async function checkLabels(config: TrainConfig): Promise<void> {
  for (const path of [...config.trainLabels, ...config.valLabels]) {
    if (!path.includes("${")) await existingLabels(path, "--labels");
  }
}

async function existingLabels(path: string, option: string): Promise<string> {
  const absolute = await existing(path, option);
  await checkLabelsFile(absolute);
  return absolute;
}

/** @param option names another file */
async function existing(path: string, option: string): Promise<string> {
  const absolute = isAbsolute(path) ? path : resolve(path);
  const info = await Deno.stat(absolute).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (info?.isFile) return absolute;
  const what = info === null ? "there is no such file" : "it is not a file";
  throw new NotFoundError(`Cannot read "${path}": ${what}`, {
    hint: `Looked for "${absolute}". Name another file with ${option}.`,
  });
}

function isZip(path: string): boolean {
  return path.toLowerCase().endsWith(".zip");
}

function newJobId(): string {
  return `job_${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
}
