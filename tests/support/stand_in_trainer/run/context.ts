/**
 * What the parts of one training share.
 *
 * @module
 */
import type { Mapping } from "../config/document.ts";
import type { Settings } from "../config/settings.ts";
import type { Faults } from "../faults.ts";
import type { Output } from "../output.ts";
import type { TrainerProcess } from "../process.ts";
import type { StandInScript } from "../script.ts";

/** One training. */
export interface Context {
  script: StandInScript;
  output: Output;
  process: TrainerProcess;
  faults: Faults;
  settings: Settings;
  /** The complete configuration before anything was computed. */
  initialConfig: Mapping;
  /** Write a configuration as sleap-nn does. */
  dump(config: Mapping): string;
}

/** A training whose run folder is made. */
export interface Run extends Context {
  /** The run folder. */
  folder: string;
  /** The complete configuration with everything that was computed. */
  trainingConfig: Mapping;
  /** Batches in an epoch. */
  steps: number;
}
