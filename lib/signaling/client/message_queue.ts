/** Messages in order for one reader, who may come late. */
export class MessageQueue<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #wake: (() => void) | null = null;
  #isEnded = false;

  /** @param limit how many may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Add one; false: it is full or at its end. */
  push(item: T): boolean {
    if (this.#isEnded || this.#items.length >= this.#limit) return false;
    this.#items.push(item);
    this.#wake?.();
    return true;
  }

  /** Nothing follows. */
  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Read until the end; a reader that stops leaves the rest for the next one. */
  async *read(): AsyncGenerator<T, void, void> {
    while (true) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
