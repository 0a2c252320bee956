/**
 * The trainer as a process: its pauses, the signals it gets, and its end.
 *
 * @module
 */
import type { Output } from "./output.ts";
import type { StandInScript } from "./script.ts";

/** Longest time unsent progress messages delay the end, milliseconds. */
const LINGER_MS = 1000;

/**
 * Signals as sleap-nn 0.3.5 takes them: SIGTERM while training is noted and acted on after the
 * batch, at any other time it kills; SIGINT ends the process with code 1.
 */
export class TrainerProcess {
  readonly #script: StandInScript;
  readonly #output: Output;
  readonly #atExit: (() => Promise<void>)[] = [];
  readonly #onSigint = (): void => this.#interrupt();
  readonly #onSigterm = (): void => this.#noteSigterm();
  #loopEnded: (() => void) | null = null;
  #sigtermReceived = false;
  #ended = false;

  constructor(script: StandInScript, output: Output) {
    this.#script = script;
    this.#output = output;
    Deno.addSignalListener("SIGINT", this.#onSigint);
    if (script.ignoreSigterm) Deno.addSignalListener("SIGTERM", ignore);
  }

  /** A SIGTERM came while training. */
  get sigtermReceived(): boolean {
    return this.#sigtermReceived;
  }

  /** Training begins; `loopEnded` is called if a SIGINT ends it. */
  enterTraining(loopEnded: () => void): void {
    this.#loopEnded = loopEnded;
    if (!this.#script.ignoreSigterm) Deno.addSignalListener("SIGTERM", this.#onSigterm);
  }

  /** Training is over, however it ended. */
  leaveTraining(): void {
    this.#loopEnded = null;
    Deno.removeSignalListener("SIGTERM", this.#onSigterm);
  }

  /** Wait; signals and sockets get their turn even with 0 ms. Never returns once ending. */
  pause(ms = 0): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(() => {
        if (!this.#ended) resolve();
      }, ms);
    });
  }

  /** Stay alive without going on. */
  async hang(): Promise<never> {
    while (true) await this.pause(60_000);
  }

  /** End by a signal. */
  async dieBy(signal: Deno.Signal): Promise<never> {
    Deno.removeSignalListener("SIGINT", this.#onSigint);
    for (const listener of [this.#onSigterm, ignore]) {
      Deno.removeSignalListener("SIGTERM", listener);
    }
    // Rust's stack guard swallows the first SIGSEGV or SIGBUS that comes from outside.
    while (true) {
      Deno.kill(Deno.pid, signal);
      await delay(1);
    }
  }

  /** Have something done before the process ends in an orderly way. */
  atExit(action: () => Promise<void>): void {
    this.#atExit.push(action);
  }

  /** End in an orderly way. */
  async exit(code: number): Promise<never> {
    this.#ended = true;
    await Promise.race([Promise.all(this.#atExit.map((action) => action())), delay(LINGER_MS)]);
    await delay(this.#script.exitDelayMs ?? 0);
    Deno.exit(code);
  }

  #noteSigterm(): void {
    this.#sigtermReceived = true;
    this.#output.note("[rank: 0] Received SIGTERM: 15");
  }

  #interrupt(): void {
    if (this.#ended) {
      void this.dieBy("SIGINT");
      return;
    }
    const loopEnded = this.#loopEnded;
    this.#output.note("");
    if (loopEnded === null) {
      this.#output.note("Aborted.");
    } else {
      this.#output.note("Detected KeyboardInterrupt, attempting graceful shutdown ...");
      this.leaveTraining();
      loopEnded();
    }
    void this.exit(1);
  }
}

function ignore(): void {}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
