import { posix } from "node:path";
import { UsageError } from "../../errors.ts";
import { isPyMap } from "../../python/value.ts";
import { parseConfig } from "../train_config/config_file.ts";
import { readTrainConfig } from "../train_config.ts";
import { type PackageFiles, SCRIPT_NAME } from "./package_files.ts";
import { readTrainScript, type ScriptedTraining } from "./train_script.ts";

/** One model that a package trains. */
export interface PackagedConfig {
  /** File name in the package, e.g. `centroid.yaml`. */
  name: string;
  /** The configuration as it is in the package. */
  text: string;
  /** The script's overrides in order, e.g. `["trainer_config.run_name", "run1"]`. */
  overrides: readonly (readonly [key: string, value: string])[];
  /** Labels files that the script or the configuration names for training. */
  labels: readonly string[];
  /** Labels files that the script or the configuration names for validation. */
  valLabels: readonly string[];
}

/**
 * The configurations that a package trains: those of its script, else all it holds.
 *
 * @throws {UsageError} when the script names none or a missing one, or sleap-nn trains no such file
 */
export async function readPackagedConfigs(files: PackageFiles): Promise<PackagedConfig[]> {
  const trainings = files.has(SCRIPT_NAME)
    ? scriptedTrainings(await files.readText(SCRIPT_NAME), files)
    : await unscriptedTrainings(files);
  const configs: PackagedConfig[] = [];
  for (const training of trainings) configs.push(await readPackaged(training, files));
  return configs;
}

interface NamedTraining extends ScriptedTraining {
  config: string;
}

function scriptedTrainings(script: string, files: PackageFiles): NamedTraining[] {
  const trainings = readTrainScript(script);
  if (trainings.length === 0) {
    throw new UsageError(`"${files.sourceOf(SCRIPT_NAME)}" trains nothing`, {
      hint: "It has no line that begins with sleap-nn train, sleap-nn-train or sleap-train.",
    });
  }
  return trainings.map((training) => ({ ...training, config: namedConfig(training, files) }));
}

function namedConfig({ config }: ScriptedTraining, files: PackageFiles): string {
  const script = files.sourceOf(SCRIPT_NAME);
  if (config === null) throw new UsageError(`"${script}" trains without naming a configuration`);
  const name = posix.normalize(config);
  if (files.has(name)) return name;
  throw new UsageError(`"${script}" trains "${config}", which is not in the package`, {
    hint: config.includes("$")
      ? "Scripts are read, not run: write file names out instead of using variables."
      : "Give the configuration with --config.",
  });
}

async function unscriptedTrainings(files: PackageFiles): Promise<NamedTraining[]> {
  const trainings: NamedTraining[] = [];
  for (const config of files.names.filter((name) => /^[^/]+\.(?:ya?ml|json)$/i.test(name))) {
    const value = parseConfig(await files.readText(config), files.sourceOf(config));
    const isConfig = isPyMap(value) && (value.has("model_config") || value.has("model"));
    if (isConfig) trainings.push({ config, overrides: [], labels: [] });
  }
  return trainings;
}

async function readPackaged(
  { config: name, overrides, labels }: NamedTraining,
  files: PackageFiles,
): Promise<PackagedConfig> {
  const text = await files.readText(name);
  const config = readTrainConfig(text, files.sourceOf(name));
  return {
    name,
    text,
    overrides,
    labels: [
      ...overriddenPaths(overrides, "data_config.train_labels_path"),
      ...labels,
      ...config.trainLabels,
    ],
    valLabels: [
      ...overriddenPaths(overrides, "data_config.val_labels_path"),
      ...config.valLabels,
    ],
  };
}

/** The paths in Hydra's `key=path` or `key=["path","path"]`. */
function overriddenPaths(
  overrides: readonly (readonly [key: string, value: string])[],
  key: string,
): string[] {
  return overrides.filter(([name]) => name === key)
    .flatMap(([, value]) => value.replace(/^\[|\]$/g, "").split(","))
    .map((path) => path.trim().replace(/^(["'])(.*)\1$/, "$2"));
}
