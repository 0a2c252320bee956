/** When an epoch was seen to finish. */
export interface EpochEnd {
  /** 0-based index. */
  epoch: number;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * Seconds until the last epoch ends, if they go on as they did since the first one ended: the time
 * before that is the trainer's imports, up to a minute of them.
 *
 * Counts down within an epoch, and stands still in one that takes longer than the others.
 *
 * @param first the first epoch that finished in this run
 * @param last the last one
 * @param maxEpochs number of epochs in all
 * @param now milliseconds since 1970
 * @returns null before the second epoch has finished, and where their number is not known
 */
export function secondsLeft(
  first: EpochEnd | null,
  last: EpochEnd | null,
  maxEpochs: number | null,
  now: number,
): number | null {
  if (first === null || last === null || maxEpochs === null) return null;
  const epochs = last.epoch - first.epoch;
  if (epochs < 1) return null;
  const left = Math.max(0, maxEpochs - last.epoch - 1);
  const mean = Math.max(0, last.at - first.at) / epochs;
  const running = left === 0 ? 0 : Math.min(mean, Math.max(0, now - last.at));
  return (mean * left - running) / 1000;
}
