import type { Timer, Timings } from "./timings.ts";

/** What a heartbeat does. */
export interface HeartbeatActions {
  /** Send one beat. */
  beat(): void;
  /** The peer was silent for too long; called once. */
  dead(silentMs: number): void;
}

/**
 * Shows the peer that we live, and notices when it does not. Everything that arrives is a sign of
 * life.
 */
export class Heartbeat {
  readonly #timings: Timings;
  readonly #actions: HeartbeatActions;
  readonly #beats: Timer;
  #watch: Timer;
  #heardAt = performance.now();
  #transfers = 0;
  #isSecondLook = false;

  constructor(timings: Timings, actions: HeartbeatActions) {
    this.#timings = timings;
    this.#actions = actions;
    this.#beats = setInterval(() => actions.beat(), timings.heartbeat);
    this.#watch = this.#lookAfter(this.#limit);
  }

  /** Something arrived. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#isSecondLook = false;
  }

  /** A transfer is under way until the result is disposed of: silence is noticed sooner. */
  transfer(): Disposable {
    this.#change(1);
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOver) this.#change(-1);
        isOver = true;
      },
    };
  }

  /** No more beats, nothing is noticed any more. */
  stop(): void {
    clearInterval(this.#beats);
    clearTimeout(this.#watch);
  }

  get #limit(): number {
    return this.#transfers > 0 ? this.#timings.transferSilence : this.#timings.silence;
  }

  #change(by: number): void {
    this.#transfers += by;
    clearTimeout(this.#watch);
    this.#watch = this.#lookAfter(this.#limit - this.#silence);
  }

  get #silence(): number {
    return performance.now() - this.#heardAt;
  }

  #lookAfter(ms: number): Timer {
    return setTimeout(() => this.#look(), Math.max(0, ms));
  }

  /** A process that was held up sees its timers before its packets: it looks twice. */
  #look(): void {
    const rest = this.#limit - this.#silence;
    if (rest > 0) {
      this.#watch = this.#lookAfter(rest);
    } else if (!this.#isSecondLook) {
      this.#isSecondLook = true;
      this.#watch = this.#lookAfter(Math.min(100, this.#limit / 10));
    } else {
      this.stop();
      this.#actions.dead(this.#silence);
    }
  }
}
