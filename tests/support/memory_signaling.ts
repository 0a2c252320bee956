import { AsyncQueue } from "../../lib/rtc/async_queue.ts";
import type { IncomingSignal, OutgoingSignal, Signaling } from "../../lib/rtc/signaling.ts";

/** A message on its way, which a hostile server may have made up. */
export interface RoutedSignal extends IncomingSignal {
  to: string;
}

/** Changes or drops (null) a message on its way. */
export type Tamper = (message: OutgoingSignal & { from: string }) => RoutedSignal | null;

/** A room in memory: a signaling server without a network. */
export class MemoryRoom {
  readonly #subscribers = new Map<string, Set<AsyncQueue<IncomingSignal>>>();
  /** What the server does to messages. */
  tamper: Tamper = (message) => message;

  /** A member of the room. */
  join(peerId: string): Signaling {
    const subscribers = new Set<AsyncQueue<IncomingSignal>>();
    this.#subscribers.set(peerId, subscribers);
    return {
      peerId,
      send: (message) => this.#deliver({ ...message, from: peerId }),
      messages: () => {
        const queue = new AsyncQueue<IncomingSignal>(() => subscribers.delete(queue));
        subscribers.add(queue);
        return queue;
      },
    };
  }

  /** A message that the server makes up. */
  inject(message: RoutedSignal): void {
    this.#route(message);
  }

  /** The server is gone for a peer. */
  leave(peerId: string): void {
    for (const queue of this.#subscribers.get(peerId) ?? []) queue.end();
    this.#subscribers.delete(peerId);
  }

  #deliver(sent: OutgoingSignal & { from: string }): void {
    const message = this.tamper(sent);
    if (message !== null) this.#route(message);
  }

  /** As through a real server: later, and as JSON. */
  #route(message: RoutedSignal): void {
    const { type, from, to, payload } = JSON.parse(JSON.stringify(message));
    queueMicrotask(() => {
      for (const queue of this.#subscribers.get(to) ?? []) queue.push({ type, from, payload });
    });
  }
}
