/** Collects what a callback delivers and lets a test wait for it. */
export class Inbox<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | null = null;

  /** Deliver one item. */
  readonly push = (item: T): void => {
    this.#items.push(item);
    this.#wake?.();
  };

  /** How many items wait. */
  get size(): number {
    return this.#items.length;
  }

  /** The next item, in order. */
  async next(): Promise<T> {
    const [item] = await this.take(1);
    if (item === undefined) throw new Error("The inbox is empty");
    return item;
  }

  /** The next `count` items, in order. */
  async take(count: number): Promise<T[]> {
    while (this.#items.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#items.splice(0, count);
  }
}
