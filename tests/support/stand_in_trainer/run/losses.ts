/**
 * The loss curve of a stand-in training: a function of seed and epoch only, so that a resumed
 * training goes on exactly where an uninterrupted one would have been.
 *
 * @module
 */
import type { StandInScript } from "../script.ts";

const START = 0.02;
const DECAY = 0.8;
/** Small enough that the curve still falls in every epoch. */
const NOISE = 0.05;
const DEFAULT_SEED = 42;

/** Losses by 0-based epoch and batch, single precision as in PyTorch. */
export class Losses {
  readonly #script: StandInScript;
  readonly #seed: number;

  constructor(script: StandInScript, seed: number | null) {
    this.#script = script;
    this.#seed = seed ?? DEFAULT_SEED;
  }

  /** Validation loss of an epoch. */
  validation(epoch: number): number {
    return scripted(this.#script.valLosses, epoch) ?? this.#curve(epoch + 1, 0);
  }

  /** Mean training loss of an epoch. */
  training(epoch: number): number {
    return scripted(this.#script.trainLosses, epoch) ?? this.#curve(epoch, 1);
  }

  /** Training loss of one of an epoch's batches; their mean is that of the epoch. */
  batch(epoch: number, batch: number, batches: number): number {
    const slope = batches > 1 ? 0.1 * (1 - 2 * batch / (batches - 1)) : 0;
    return Math.fround(this.training(epoch) * (1 + slope));
  }

  #curve(epoch: number, stream: number): number {
    const noise = NOISE * unit(this.#seed * 7919 + epoch * 104729 + stream);
    return Math.fround(START * DECAY ** epoch * (1 + noise));
  }
}

function scripted(values: (number | null)[] | undefined, epoch: number): number | undefined {
  const value = values?.[epoch];
  return value === null ? NaN : value === undefined ? undefined : Math.fround(value);
}

/** A number in [0, 1) that depends on nothing but its argument (mulberry32). */
function unit(seed: number): number {
  let state = (seed + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ state >>> 15, state | 1);
  state ^= state + Math.imul(state ^ state >>> 7, state | 61);
  return ((state ^ state >>> 14) >>> 0) / 2 ** 32;
}
