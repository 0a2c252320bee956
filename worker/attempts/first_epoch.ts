import { firstEpochAfter } from "./attempts.ts";

/**
 * Watches that a trainer goes on where its checkpoint ends: a resume that quietly begins elsewhere
 * would cost the training that it was to save.
 */
export class FirstEpoch {
  readonly #expected: number;
  readonly #onWrong: () => void;
  #wrong: number | null = null;

  /**
   * @param startedFrom what the trainer was told to go on from; null: from epoch 0
   * @param onWrong called once, as soon as it is known that it did not
   */
  constructor(startedFrom: { epoch: number } | null, onWrong: () => void) {
    this.#expected = firstEpochAfter(startedFrom);
    this.#onWrong = onWrong;
  }

  /** The epoch with which the trainer began instead; null while nothing is wrong. */
  get wrong(): number | null {
    return this.#wrong;
  }

  /**
   * An epoch that the trainer reports or saves. An earlier one may have been missed: only one that
   * comes too early proves something.
   *
   * @returns whether to believe what the trainer says
   */
  reported(epoch: number): boolean {
    if (epoch < this.#expected) this.#isWrong(epoch);
    return this.#wrong === null;
  }

  /**
   * The first epoch in the trainer's log.
   *
   * @returns whether to believe what the trainer says
   */
  logged(first: number): boolean {
    if (first !== this.#expected) this.#isWrong(first);
    return this.#wrong === null;
  }

  #isWrong(epoch: number): void {
    if (this.#wrong !== null) return;
    this.#wrong = epoch;
    this.#onWrong();
  }
}
