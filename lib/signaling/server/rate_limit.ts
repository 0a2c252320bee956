/**
 * Token buckets: a burst, then so many a second.
 *
 * @module
 */

/** How much is allowed. */
export interface Rate {
  /** At once. */
  burst: number;
  /** Then, a second. */
  perSecond: number;
}

/** One bucket. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt = performance.now();

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /** Take one, if there is one. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Nothing was taken for so long that it is as a new one. */
  get isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#rate.burst;
  }

  #fill(): void {
    const now = performance.now();
    const gained = (now - this.#filledAt) / 1000 * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#filledAt = now;
  }
}

const MAX_BUCKETS = 10_000;

/** One bucket for each address. */
export class AddressLimit {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** May this address do one more? */
  take(address: string): boolean {
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_BUCKETS) this.#forgetFull();
      if (this.#buckets.size >= MAX_BUCKETS) return false;
      bucket = new TokenBucket(this.#rate);
      this.#buckets.set(address, bucket);
    }
    return bucket.take();
  }

  #forgetFull(): void {
    for (const [address, bucket] of this.#buckets) {
      if (bucket.isFull) this.#buckets.delete(address);
    }
  }
}

/** The address that limits count: an IPv6 host has a whole /64 for itself. */
export function limitedAddress(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = hostname.split("%")[0]?.split("::") ?? [];
  const start = head === "" ? [] : head.split(":");
  const end = !tail ? [] : tail.split(":");
  const zeros = tail === undefined
    ? []
    : Array(Math.max(0, 8 - start.length - end.length)).fill("0");
  return [...start, ...zeros, ...end].slice(0, 4).join(":") + "::/64";
}
