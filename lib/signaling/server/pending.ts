/**
 * Connections that have not registered yet.
 *
 * @module
 */
import type { Connection } from "./connection.ts";

/** How many may wait, and how long. */
export interface PendingLimits {
  /** Milliseconds. */
  registerWithin: number;
  pendingPerAddress: number;
  pending: number;
}

interface Waiting {
  address: string;
  timer: ReturnType<typeof setTimeout>;
}

const POLICY_VIOLATION = 1008;

/**
 * Connections that have not registered yet. Each has a few seconds. Where too many wait, the oldest
 * makes room for the newest: a peer registers at once, so that a crowd of silent ones does not keep
 * it out.
 */
export class PendingConnections {
  readonly #limits: PendingLimits;
  /** The oldest first. */
  readonly #waiting = new Map<Connection, Waiting>();

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  /** Let a new connection wait. */
  add(connection: Connection, address: string): void {
    const { registerWithin, pendingPerAddress, pending } = this.#limits;
    const sameAddress = [...this.#waiting].filter(([, waiting]) => waiting.address === address);
    const [oldest] = sameAddress.length >= pendingPerAddress
      ? sameAddress.map(([connection]) => connection)
      : this.#waiting.size >= pending
      ? this.#waiting.keys()
      : [];
    if (oldest !== undefined) this.#end(oldest, "too many connections that have not registered");
    const timer = setTimeout(() => this.#end(connection, "did not register"), registerWithin);
    this.#waiting.set(connection, { address, timer });
  }

  /** It has registered, or is closed. */
  delete(connection: Connection): void {
    clearTimeout(this.#waiting.get(connection)?.timer);
    this.#waiting.delete(connection);
  }

  /** Forget all. */
  clear(): void {
    for (const connection of [...this.#waiting.keys()]) this.delete(connection);
  }

  #end(connection: Connection, reason: string): void {
    this.delete(connection);
    connection.close(POLICY_VIOLATION, reason);
  }
}
