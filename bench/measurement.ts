/** One figure of a benchmark. */
export interface Measurement {
  /** What was measured. */
  figure: string;
  /** Every counted run, in `unit`. */
  samples: readonly number[];
  /** What the median must stay below, in `unit`; null: only reported. */
  budget: number | null;
  /** @default {"ms"} */
  unit?: "ms" | "%";
}

/**
 * Time something, one run after another.
 *
 * @param runs counted runs, after one that is not counted
 * @returns milliseconds of each counted run
 */
export async function timed(runs: number, run: (n: number) => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n <= runs; n++) {
    const began = performance.now();
    await run(n);
    if (n > 0) samples.push(performance.now() - began);
  }
  return samples;
}

/** The value that a share of the samples stays below: 0.5 for the median. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
