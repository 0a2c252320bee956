import type { TrainingLogRow } from "./training_log.ts";

/**
 * The logs of several attempts as one curve: each attempt counts from its first epoch on, for it
 * trained those epochs anew that an earlier one had logged but not saved.
 *
 * @param attempts rows of each attempt, the earliest first
 */
export function stitchCurve(
  attempts: readonly (readonly TrainingLogRow[])[],
): TrainingLogRow[] {
  return attempts.reduce<TrainingLogRow[]>((curve, rows) => {
    const [first] = rows;
    if (first === undefined) return curve;
    return [...curve.filter(({ epoch }) => epoch < first.epoch), ...rows];
  }, []);
}
