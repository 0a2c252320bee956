/**
 * One sender, any number of readers.
 *
 * @module
 */

/** Delivers each item to all who read. What is sent before anybody reads waits for the first. */
export class Broadcast<T> {
  readonly #limit: number;
  readonly #readers = new Set<Reader<T>>();
  #early: T[] | null = [];
  #isEnded = false;

  /** @param limit how many items may wait for a reader; more are dropped */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Read what is sent from now on. */
  subscribe(): AsyncIterableIterator<T> {
    const reader = new Reader<T>(this.#limit, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    for (const item of this.#early ?? []) reader.push(item);
    this.#early = null;
    if (this.#isEnded) reader.end();
    return reader;
  }

  /** Send an item; false: somebody does not keep up, and misses it. */
  publish(item: T): boolean {
    if (this.#early !== null && this.#early.length < this.#limit) this.#early.push(item);
    return [...this.#readers].map((reader) => reader.push(item)).every((taken) => taken);
  }

  /** Nothing follows; what waits can still be read. */
  end(): void {
    this.#isEnded = true;
    for (const reader of this.#readers) reader.end();
  }
}

class Reader<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #onReturn: () => void;
  #items: T[] = [];
  #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #isEnded = false;

  constructor(limit: number, onReturn: () => void) {
    this.#limit = limit;
    this.#onReturn = onReturn;
  }

  push(item: T): boolean {
    if (this.#isEnded) return true;
    const resolve = this.#waiting.shift();
    if (resolve !== undefined) resolve({ value: item, done: false });
    else if (this.#items.length < this.#limit) this.#items.push(item);
    else return false;
    return true;
  }

  end(): void {
    this.#isEnded = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T>> {
    const [item] = this.#items;
    if (this.#items.length > 0) {
      this.#items.shift();
      return Promise.resolve({ value: item as T, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.end();
    this.#onReturn();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}
