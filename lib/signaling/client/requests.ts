/**
 * Requests of one kind that wait for their answers; a server answers in order.
 *
 * @module
 */
import { ConnectionError, type SleapRtcError } from "../../errors.ts";

interface Waiting<T> {
  resolve(answer: T): void;
  reject(error: SleapRtcError): void;
}

/** Requests of one kind that wait for their answers. */
export class Requests<T> {
  readonly #what: string;
  readonly #waiting: Waiting<T>[] = [];

  /** @param what what is asked for, for messages: `the list of peers` */
  constructor(what: string) {
    this.#what = what;
  }

  /** Does one wait? */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Wait for the next answer.
   *
   * @param timeout milliseconds
   * @throws {ConnectionError} when there is none in time
   */
  async wait(timeout: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // It stays in the queue: an answer that comes too late must not be taken for the next one's.
    this.#waiting.push({ resolve, reject });
    const timer = setTimeout(() => reject(this.#silence()), timeout);
    return await promise.finally(() => clearTimeout(timer));
  }

  #silence(): ConnectionError {
    return new ConnectionError(`The signaling server did not send ${this.#what}`, {
      hint: "Try again; look at the server's log if it stays like that.",
    });
  }

  /** An answer came. */
  resolve(answer: T): void {
    this.#waiting.shift()?.resolve(answer);
  }

  /** The oldest request failed. */
  reject(error: SleapRtcError): void {
    this.#waiting.shift()?.reject(error);
  }

  /** None will be answered any more. */
  rejectAll(error: SleapRtcError): void {
    while (this.isWaiting) this.reject(error);
  }
}
