/** Items that are pushed on one side and iterated on the other, by one reader. */
export class AsyncQueue<T> implements AsyncIterableIterator<T> {
  readonly #onReturn: () => void;
  #items: T[] = [];
  #readers: ((result: IteratorResult<T>) => void)[] = [];
  #ended = false;

  /** @param onReturn called when the reader leaves before the end */
  constructor(onReturn: () => void = () => {}) {
    this.#onReturn = onReturn;
  }

  /** How many items wait for the reader. */
  get size(): number {
    return this.#items.length;
  }

  /** Add an item; after the end it is dropped. */
  push(item: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(item);
    else reader({ done: false, value: item });
  }

  /** No more items; those that wait can still be read. */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  /** Take out everything that waits. */
  takeAll(): T[] {
    return this.#items.splice(0);
  }

  /** The next item, when there is one. */
  next(): Promise<IteratorResult<T>> {
    if (this.#items.length > 0) {
      const [value] = this.#items.splice(0, 1) as [T];
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** The reader leaves: what waits is dropped. */
  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    if (!this.#ended) {
      this.end();
      this.#onReturn();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
