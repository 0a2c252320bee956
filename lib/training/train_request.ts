/**
 * From the options of `train` to the description of a job.
 *
 * @module
 */
import { basename } from "node:path";
import { UsageError } from "../errors.ts";
import type { ModelSpec, TrainOverrides, TrainSpec } from "../protocol/job_spec.ts";
import { digestLabels } from "../registry/model_id.ts";
import { readTrainConfig, type TrainConfig } from "../sleap_nn/train_config.ts";
import { identifyModel, timestampName } from "./identify_model.ts";
import { newJobId } from "./job_id.ts";
import { checkConfiguredLabels, type InputOptions, readTrainInputs } from "./train_inputs.ts";

/** What the user asked for. */
export interface TrainOptions extends InputOptions {
  runName?: string | undefined;
  /** Of the first model. */
  alias?: string | undefined;
  overrides: TrainOverrides;
  /**
   * Absolute folder against which relative paths in configurations are resolved.
   * @default {the working folder}
   */
  baseDir?: string;
}

/** A job that can be submitted: the spec, and the configurations by their names in it. */
export interface TrainRequest {
  spec: TrainSpec;
  configs: ReadonlyMap<string, string>;
  /** What the user should know before it starts; each is one line. */
  warnings: readonly string[];
}

/**
 * Check what the user asked for and describe it as a job.
 *
 * @throws {UsageError} for options or configurations that cannot be trained
 * @throws {NotFoundError} for a configuration, labels file or package that does not exist
 */
export async function makeTrainRequest(options: TrainOptions): Promise<TrainRequest> {
  const digest = once(digestLabels);
  const inputs = await readTrainInputs(options, digest);
  const models: ModelSpec[] = [];
  const configs = new Map<string, string>();
  const read: TrainConfig[] = [];
  const now = timestampName(new Date());
  for (const [index, { text, source, overrides }] of inputs.configs.entries()) {
    const config = readTrainConfig(text, source).withOverrides(overrides);
    refuseResume(config);
    await checkConfiguredLabels(config, inputs);
    read.push(config);
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
    base_dir: options.baseDir ?? Deno.cwd(),
    overrides: options.overrides,
    ...(options.alias === undefined ? {} : { alias: options.alias }),
  };
  return { spec, configs, warnings: overriddenSettings(read) };
}

function refuseResume({ source, resumeCheckpoint }: TrainConfig): void {
  if (resumeCheckpoint === null) return;
  throw new UsageError(
    `"${source}" asks to continue from "${resumeCheckpoint}" (trainer_config.resume_ckpt_path)`,
    { hint: "Remove it: a training here begins anew." },
  );
}

/** One line for all settings in configurations that a supervised training replaces, or none. */
function overriddenSettings(configs: readonly TrainConfig[]): string[] {
  const affected = configs.filter(({ overriddenKeys }) => overriddenKeys.length > 0);
  if (affected.length === 0) return [];
  const sources = affected.map(({ source }) => `"${source}"`).join(", ");
  const keys = [...new Set(affected.flatMap(({ overriddenKeys }) => overriddenKeys))].join(", ");
  return [`${sources}: sleap-rtc sets ${keys} itself; their values there are not used`];
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
