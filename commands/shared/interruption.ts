import { LeftByUserError } from "../../lib/errors.ts";

/**
 * Ctrl-C, while it is listened to: it no longer ends the process.
 *
 * @example Something that Ctrl-C ends
 * ```ts
 * using interruption = new Interruption();
 * await interruption.orLeave(hashFiles(), "Nothing was started");
 * ```
 */
export class Interruption {
  readonly #once = new AbortController();
  readonly #twice = new AbortController();
  readonly #onSignal = (): void => {
    if (this.#once.signal.aborted) this.#twice.abort();
    this.#once.abort();
  };

  constructor() {
    Deno.addSignalListener("SIGINT", this.#onSignal);
  }

  /** Aborted when the user wants to leave. */
  get left(): AbortSignal {
    return this.#once.signal;
  }

  /** Aborted when the user wants to leave at once. */
  get leftAtOnce(): AbortSignal {
    return this.#twice.signal;
  }

  /**
   * The result of something, unless the user leaves before: then it is abandoned.
   *
   * @param text what the user is told then
   * @throws {LeftByUserError} when the user has left
   */
  async orLeave<T>(work: Promise<T>, text: string | (() => string)): Promise<T> {
    return await unless(this.left, work, text);
  }

  /**
   * The result of something that is worth a moment's wait, unless the user insists on leaving.
   *
   * @param text what the user is told then
   * @throws {LeftByUserError} when the user has pressed Ctrl-C twice
   */
  async orLeaveAtOnce<T>(work: Promise<T>, text: string): Promise<T> {
    return await unless(this.leftAtOnce, work, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#onSignal);
  }
}

async function unless<T>(
  left: AbortSignal,
  work: Promise<T>,
  text: string | (() => string),
): Promise<T> {
  const { promise: leaving, reject } = Promise.withResolvers<never>();
  const onLeave = () => reject(new LeftByUserError(typeof text === "string" ? text : text()));
  if (left.aborted) onLeave();
  left.addEventListener("abort", onLeave, { once: true });
  try {
    return await Promise.race([leaving, work]);
  } finally {
    left.removeEventListener("abort", onLeave);
  }
}
