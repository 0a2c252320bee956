/**
 * Bringing a running trainer to the end that somebody asks for.
 *
 * @module
 */
import type { ControlSocket } from "../../lib/sleap_nn/control_socket.ts";
import { CONNECTION_LOST } from "../../lib/registry/transitions.ts";
import type { PresentWish } from "../requests/request_watch.ts";
import type { TrainerSight } from "./watch.ts";

/** How a trainer is to end. */
export type AskedEnd =
  /** At once. */
  | { how: "now"; reason: string }
  /** When the running epoch has its checkpoint. */
  | { how: "after epoch"; reason: string }
  /** Early, by itself, with its evaluation. */
  | { how: "finish" };

/** What the trainer of a model is asked now; null: nothing. */
export function askedEnd(
  wish: PresentWish,
  model: number,
  shutdown: AbortSignal,
): AskedEnd | null {
  if (wish.end === "cancel") return { how: "now", reason: "cancelled" };
  if (shutdown.aborted) return { how: "now", reason: String(shutdown.reason) };
  if (wish.end === "stop") return { how: "after epoch", reason: "stopped" };
  if (wish.isLost && wish.onLost === "stop") return { how: "after epoch", reason: CONNECTION_LOST };
  return wish.finish === model ? { how: "finish" } : null;
}

/** The trainer, as far as its end goes. */
export interface EndableTrainer {
  /** Null: the configuration does not tell. */
  maxEpochs: number | null;
  socket: ControlSocket | null;
  /** 0-based index of the epoch of the `last.ckpt` that is there now; -1: none is complete. */
  lastCheckpoint(): Promise<number>;
  /** Send SIGTERM. */
  terminate(): void;
  /** Send SIGKILL. */
  kill(): void;
  /** Tell the watchers. */
  warn(message: string): void;
}

/** Options of {@linkcode RequestedEnd}. */
export interface RequestedEndOptions {
  /** From SIGTERM to SIGKILL, in milliseconds. @default {10_000} */
  graceMs?: number;
}

/**
 * sleap-nn acts on SIGTERM after the running batch and is gone about two seconds later; it writes
 * nothing on its way out that would be missed (sleap-nn-contract 1.7).
 */
const GRACE_MS = 10_000;
const TOO_LATE = "Cannot finish the training early: it has just ended by itself";
const NO_SOCKET = "Cannot finish the training early: it has no control socket. It goes on; " +
  "it can be stopped instead, after the running epoch";

/** Ends one trainer as it is asked to; never with SIGINT, and with one SIGTERM at most. */
export class RequestedEnd {
  readonly #trainer: EndableTrainer;
  readonly #graceMs: number;
  #asked: AskedEnd | null = null;
  #sight: TrainerSight = { epoch: -1, lastCheckpoint: -1, finished: false, stopReceived: false };
  #since: { lastCheckpoint: number; epochsSeen: number } | null = null;
  #finishing: AbortController | null = null;
  #killer: ReturnType<typeof setTimeout> | undefined;
  #reason: string | null = null;
  #isOver = false;

  constructor(trainer: EndableTrainer, options: RequestedEndOptions = {}) {
    this.#trainer = trainer;
    this.#graceMs = options.graceMs ?? GRACE_MS;
  }

  /** Why the trainer was told to end; null: it was not. */
  get reason(): string | null {
    return this.#reason;
  }

  /** The trainer has taken the command to finish early. */
  get hasTakenFinish(): boolean {
    return this.#sight.stopReceived;
  }

  /** It is asked something else than before, or nothing any more. */
  ask(asked: AskedEnd | null): void {
    const before = this.#asked;
    this.#asked = asked;
    if (asked?.how !== "finish") this.#finishing?.abort();
    if (asked?.how === "now") this.#terminate(asked.reason);
    else if (asked?.how === "finish" && before?.how !== "finish") this.#finish();
    if (asked?.how !== "after epoch") this.#since = null;
    else if (before?.how !== "after epoch") void this.#waitForEpoch(asked);
  }

  /** It has come so far. */
  see(sight: TrainerSight): void {
    if (this.#since !== null && sight.epoch > this.#sight.epoch) this.#since.epochsSeen++;
    this.#sight = sight;
    if (sight.stopReceived) this.#finishing?.abort();
    if (!this.#isOver && this.#asked?.how === "after epoch" && this.#hasEpochEnded()) {
      this.#terminate(this.#asked.reason);
    }
  }

  /** The trainer has ended: what is seen of it later ends nothing any more. */
  dispose(): void {
    this.#isOver = true;
    clearTimeout(this.#killer);
    this.#finishing?.abort();
  }

  /** A checkpoint that is there already belongs to an epoch before, seen or not. */
  async #waitForEpoch(asked: AskedEnd): Promise<void> {
    const lastCheckpoint = await this.#trainer.lastCheckpoint();
    if (this.#asked?.how === asked.how) this.#since = { lastCheckpoint, epochsSeen: 0 };
  }

  /** Not where it ends by itself: what it does then would be spoiled. */
  #hasEpochEnded(): boolean {
    const { epoch, lastCheckpoint, finished, stopReceived } = this.#sight;
    if (this.#since === null || finished || stopReceived) return false;
    if (Math.max(epoch, lastCheckpoint) + 1 >= (this.#trainer.maxEpochs ?? Infinity)) return false;
    // Where no checkpoint comes (an old sleap-nn, a full disk) the next epoch brings none either.
    return lastCheckpoint > this.#since.lastCheckpoint || this.#since.epochsSeen > 1;
  }

  #finish(): void {
    const { socket } = this.#trainer;
    if (this.#sight.stopReceived) return;
    if (this.#sight.finished) return this.#trainer.warn(TOO_LATE);
    if (socket === null) return this.#trainer.warn(NO_SOCKET);
    this.#finishing = new AbortController();
    socket.requestStop(this.#finishing.signal);
  }

  /** A second SIGTERM would end it in the middle of what it does after the first. */
  #terminate(reason: string): void {
    const isFirst = this.#reason === null;
    this.#reason = reason;
    if (!isFirst) return;
    this.#trainer.terminate();
    this.#killer = setTimeout(() => this.#trainer.kill(), this.#graceMs);
  }
}
