/**
 * From the accepted configuration to the start of the training loop.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { isMapping, type Mapping, valueAt } from "../config/document.ts";
import { osErrorText, traceback } from "../python/failure.ts";
import { runTime } from "../python/text.ts";
import type { Context, Run } from "./context.ts";
import { checkLabels, writeLabels } from "./labels.ts";
import { announceModel } from "./model_summary.ts";

const KNOWN_ACCELERATORS = ["gpu", "cuda", "mps"];
const FRAMES = 1;
const DEFAULT_STEPS = 4;
const IMAGE_SIZE = 384;
const CROP_SIZE = 160;
/** Parameters of the recorded model. */
const TOTAL_PARAMS = 115461;
const INFERRED_CENTROID_SOURCE = `
%s
centroid_source is NOT set: INFERRING the centroid target from the training labels.
  -> Training on %s for ALL frames.
Set model_config.head_configs.centroid.confmaps.centroid_source to 'user' or
'computed' to make this explicit and silence this warning.
%s`;

/**
 * Check the data, make the run folder and write the two configurations.
 *
 * @param connect opens the sockets; called where sleap-nn opens them
 * @throws {TrainerFailure} for unreadable labels or a run folder that can't be made
 */
export async function setUp(context: Context, connect: () => void): Promise<Run> {
  const { dump, faults, initialConfig, output, process, settings } = context;
  checkLabels(settings.trainLabels);
  output.log("Creating train-val split...");
  checkLabels(settings.valLabels);
  output.log(`# Train Labeled frames: ${FRAMES}`);
  output.log(`# Val Labeled frames: ${FRAMES}`);
  if (settings.seed !== null) output.note(`Seed set to ${settings.seed}`);
  output.log("Setting up config...");
  const accelerator = availableAccelerator(context);
  const runName = chooseRunName(context);
  await faults.at({ stage: "start" });
  output.log("Setting up for training...");
  const folder = makeFolder(context, runName);
  output.log("Setting up Trainer...");
  output.log("Setting up callbacks and loggers...");
  connect();
  output.log(`Trainer devices: ${settings.devices ?? "auto"}`);
  if (settings.inferredCentroidSource) output.log(INFERRED_CENTROID_SOURCE);
  const steps = stepsPerEpoch(context);
  output.log("Training on 1 device(s)");
  output.log("Training on cpu accelerator");
  announceModel(output, settings, TOTAL_PARAMS);
  const trainingConfig = computedConfig(context, { runName, steps, accelerator });
  await Deno.writeTextFile(join(folder, "initial_config.yaml"), dump(initialConfig));
  await Deno.writeTextFile(join(folder, "training_config.yaml"), dump(trainingConfig));
  await process.pause();
  return { ...context, folder, trainingConfig, steps };
}

function availableAccelerator({ output, settings }: Context): string {
  const { accelerator } = settings;
  if (accelerator === "cpu" || accelerator === "auto") return accelerator;
  const fault = KNOWN_ACCELERATORS.includes(accelerator)
    ? "is not available on this machine"
    : "is not a recognized option";
  output.log(
    `Configured accelerator '${accelerator}' ${fault}; changing it to 'auto' ` +
      "(Lightning will select the best available device).",
  );
  return "auto";
}

function chooseRunName({ output, settings }: Context): string {
  const name = settings.runName ??
    `${runTime(new Date())}.${settings.modelType}.n=${2 * FRAMES}`;
  const path = join(settings.ckptDir, name);
  if (!exists(join(path, "best.ckpt"))) return name;
  output.log(
    `Checkpoint path already exists: ${path}... adding suffix to prevent overwriting.`,
  );
  let suffix = 1;
  while (exists(join(settings.ckptDir, `${name}-${suffix}`))) suffix++;
  return `${name}-${suffix}`;
}

function makeFolder({ output, settings }: Context, runName: string): string {
  const folder = join(settings.ckptDir, runName);
  output.log(`Setting up model ckpt dir: \`${folder}\`...`);
  try {
    Deno.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw folderFailure(folder, error);
  }
  settings.trainLabels.forEach((_, index) => {
    writeLabels(join(folder, `labels_gt.train.${index}.slp`));
    writeLabels(join(folder, `labels_gt.val.${index}.slp`));
  });
  settings.testLabels.forEach((_, index) => {
    writeLabels(join(folder, `labels_gt.test.${index}.slp`));
  });
  return folder;
}

function folderFailure(folder: string, error: unknown): Error {
  const known = osErrorText(error);
  const text = known?.text ?? String(error);
  const at = known?.name === "FileNotFoundError" ? dirname(folder) : folder;
  const message = `Cannot create a new folder in ${folder}.\n ${text}: '${at}'`;
  return traceback([
    '  File "<site-packages>/sleap_nn/train.py", line 510, in run_training',
    '  File "<site-packages>/sleap_nn/training/model_trainer.py", line 2816, in train',
    '  File "<site-packages>/sleap_nn/training/model_trainer.py", line 2051, in _setup_model_ckpt_dir',
    ...`OSError: ${message}`.split("\n"),
  ], message);
}

function stepsPerEpoch({ output, settings, script }: Context): number {
  const { stepsPerEpoch: configured, minStepsPerEpoch: minimum } = settings;
  let steps = script.batchesPerEpoch ?? configured ?? DEFAULT_STEPS;
  if (configured === null) {
    output.log(
      `train_steps_per_epoch not set; computed ${steps} from training dataset ` +
        `(${steps * settings.batchSize} samples, ${settings.batchSize} per step)`,
    );
  } else {
    output.log(`Using configured train_steps_per_epoch=${configured}`);
  }
  if (script.batchesPerEpoch === undefined && configured !== null && minimum > steps) {
    output.log(
      `train_steps_per_epoch=${steps} is below min_train_steps_per_epoch=${minimum}; ` +
        "using the minimum",
    );
    steps = minimum;
  }
  output.log(`Final train_steps_per_epoch=${steps}`);
  return steps;
}

function computedConfig(
  { initialConfig, settings }: Context,
  computed: { runName: string; steps: number; accelerator: string },
): Mapping {
  const config = structuredClone(initialConfig);
  const { modelType, nodes, saveCkpt } = settings;
  const preprocessing = mappingAt(config, "data_config.preprocessing");
  preprocessing["max_height"] ??= IMAGE_SIZE;
  preprocessing["max_width"] ??= IMAGE_SIZE;
  if (modelType === "centered_instance") preprocessing["crop_size"] ??= CROP_SIZE;
  mappingAt(config, "data_config")["skeletons"] = [skeleton(nodes)];
  const confmaps = mappingAt(config, `model_config.head_configs.${modelType}.confmaps`);
  if ("part_names" in confmaps) confmaps["part_names"] = nodes;
  mappingAt(config, "model_config")["total_params"] = TOTAL_PARAMS;
  const trainer = mappingAt(config, "trainer_config");
  trainer["trainer_accelerator"] = computed.accelerator;
  trainer["train_steps_per_epoch"] = computed.steps;
  trainer["run_name"] = computed.runName;
  trainer["save_ckpt"] = saveCkpt;
  mappingAt(config, "trainer_config.wandb")["name"] ??= computed.runName;
  return config;
}

function skeleton(nodes: readonly string[]): Mapping {
  const [source = "A", destination = "B"] = nodes;
  return {
    nodes: nodes.map((name) => ({ name })),
    edges: [{ source: { name: source }, destination: { name: destination } }],
    symmetries: [],
    name: "Skeleton-0",
  };
}

function mappingAt(config: Mapping, path: string): Mapping {
  const value = valueAt(config, path);
  return isMapping(value) ? value : {};
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
