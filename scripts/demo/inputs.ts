/** Files that all trainings of the demo take, relative to the folder of the commands. */
export const INPUTS = [
  ...["--config", "single_instance.yaml"],
  ...["--labels", "data/train.pkg.slp", "--val-labels", "data/val.pkg.slp"],
];
