/** Sets the wall clock of this process off by some time; as it was at the end of its scope. */
export class ShiftedClock {
  readonly #real = globalThis.Date;

  /** @param byMs how far ahead, in milliseconds; behind where negative */
  constructor(byMs: number) {
    const Real = this.#real;
    globalThis.Date = class extends Real {
      constructor(value: number | string | Date = Real.now() + byMs) {
        super(value);
      }

      static override now(): number {
        return Real.now() + byMs;
      }
    } as DateConstructor;
  }

  [Symbol.dispose](): void {
    globalThis.Date = this.#real;
  }
}
