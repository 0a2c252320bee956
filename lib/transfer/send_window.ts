/** How much of an upload may be on its way: what was sent, less what was acknowledged. */
export class SendWindow {
  readonly #size: number;
  #sent = 0;
  #acknowledged = 0;
  #isStopped = false;
  #failure: { error: unknown } | null = null;
  #change: PromiseWithResolvers<void> | null = null;
  readonly #failed = Promise.withResolvers<never>();

  /** @param size in bytes */
  constructor(size: number) {
    this.#size = size;
    this.#failed.promise.catch(() => {});
  }

  /** Rejected with the error of {@linkcode fail}; pending until then. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Bytes that the peer has written. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Whether the peer takes no more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Wait for room, and take it.
   *
   * @param bytes at most the size of the window
   * @returns false when the peer takes no more
   * @throws the error of {@linkcode fail}
   */
  async take(bytes: number): Promise<boolean> {
    const isOpen = await this.#until(() => this.#sent + bytes - this.#acknowledged <= this.#size);
    if (isOpen) this.#sent += bytes;
    return isOpen;
  }

  /**
   * Wait until everything is acknowledged.
   *
   * @returns false when the peer takes no more
   * @throws the error of {@linkcode fail}
   */
  async drained(): Promise<boolean> {
    return await this.#until(() => this.#acknowledged === this.#sent);
  }

  /**
   * @param bytes all that the peer has written; never more than was sent
   * @returns whether that is more than before
   */
  acknowledge(bytes: number): boolean {
    const before = this.#acknowledged;
    this.#acknowledged = Math.max(before, Math.min(bytes, this.#sent));
    this.#wake();
    return this.#acknowledged > before;
  }

  /** The peer takes no more. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Nobody waits any longer. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#failed.reject(error);
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<boolean> {
    while (true) {
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#isStopped) return false;
      if (condition()) return true;
      this.#change ??= Promise.withResolvers();
      await this.#change.promise;
    }
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = null;
  }
}
