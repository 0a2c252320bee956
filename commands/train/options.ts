import type { TrainOverrides } from "../../lib/protocol/job_spec.ts";
import type { RemoteTrainOptions } from "../../lib/training/remote_training.ts";
import type { FormatOptions, PlaceOptions } from "../shared/options.ts";

/** Options of `train`, as commander gives them. */
export interface TrainCommandOptions extends FormatOptions, PlaceOptions {
  config: string[];
  labels?: string | undefined;
  valLabels?: string | undefined;
  pkgPath?: string | undefined;
  runName?: string | undefined;
  /** Of the first model. */
  alias?: string | undefined;
  maxEpochs?: number | undefined;
  batchSize?: number | undefined;
  learningRate?: number | undefined;
  /** ID, alias or prefix of the model that goes on. */
  resume?: string | undefined;
  restart?: true | undefined;
  detach?: true | undefined;
  local?: true | undefined;
  autoSelect?: true | undefined;
}

/** The training that the options ask for, wherever it runs. */
export function trainingOf(options: TrainCommandOptions): RemoteTrainOptions {
  return {
    configs: options.config,
    labels: options.labels,
    valLabels: options.valLabels,
    package: options.pkgPath,
    runName: options.runName,
    alias: options.alias,
    overrides: overridesOf(options),
  };
}

function overridesOf(options: TrainCommandOptions): TrainOverrides {
  const { maxEpochs, batchSize, learningRate } = options;
  return {
    ...(maxEpochs === undefined ? {} : { max_epochs: maxEpochs }),
    ...(batchSize === undefined ? {} : { batch_size: batchSize }),
    ...(learningRate === undefined ? {} : { learning_rate: learningRate }),
  };
}
