/**
 * The environment that a trainer runs in.
 *
 * @module
 */

/** What a job wants of its trainer's environment. */
export interface TrainerEnvironmentSettings {
  /**
   * Absolute path of a folder on the run's file system: checkpoints are written there and moved,
   * and a move to another file system is a copy that a full disk cuts off.
   */
  tempFolder: string;
  /** Key of Weights & Biases, for this run. */
  wandbApiKey?: string;
}

/** A job step's place in a distributed run, which Lightning would take for its own. */
const PLACE_IN_A_RUN = [
  "RANK",
  "LOCAL_RANK",
  "NODE_RANK",
  "GROUP_RANK",
  "WORLD_SIZE",
  "LOCAL_WORLD_SIZE",
  "JSM_NAMESPACE_RANK",
];

/** Would colour the log in spite of `NO_COLOR`. */
const FORCED_COLOUR = ["FORCE_COLOR", "CLICOLOR_FORCE"];

/**
 * The whole environment of a trainer: `base` without what would mislead it and without our secrets.
 *
 * @param base environment of the process that starts the trainer; it is not changed
 */
export function trainerEnvironment(
  base: Record<string, string>,
  settings: TrainerEnvironmentSettings,
): Record<string, string> {
  const kept = Object.entries(base).filter(([name]) => !isRemoved(name.toUpperCase()));
  return {
    ...Object.fromEntries(kept),
    PYTHONUNBUFFERED: "1",
    NO_COLOR: "1",
    TMPDIR: settings.tempFolder,
    ...(settings.wandbApiKey === undefined ? {} : { WANDB_API_KEY: settings.wandbApiKey }),
  };
}

function isRemoved(name: string): boolean {
  return name.startsWith("SLURM_") || name.startsWith("SLEAP_RTC_") ||
    PLACE_IN_A_RUN.includes(name) || FORCED_COLOUR.includes(name);
}
