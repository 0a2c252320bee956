/** How long a connection waits for what, in milliseconds. */
export interface Timings {
  /** From the offer to the peer's answer. */
  answer: number;
  /** From the answer until both channels are open. */
  connect: number;
  /** From the open channels until both sides have proved themselves. */
  authenticate: number;
  /** Between two heartbeats. */
  heartbeat: number;
  /** Silence after which the peer counts as dead. */
  silence: number;
  /** The same while a transfer is under way. */
  transferSilence: number;
  /** For the peer's answer to our goodbye. */
  goodbye: number;
}

/** The values that are used unless a caller says otherwise. */
export const DEFAULT_TIMINGS: Readonly<Timings> = {
  answer: 10_000,
  connect: 6_000,
  authenticate: 10_000,
  heartbeat: 1_500,
  silence: 15_000,
  transferSilence: 5_000,
  goodbye: 500,
};

/**
 * The same for a Python peer, which may be silent for as long as it likes: only werift's own checks
 * tell that it is gone, after half a minute.
 */
export function legacyTimings(timings: Timings): Timings {
  const never = 2 ** 31 - 1;
  return { ...timings, heartbeat: 15_000, silence: never, transferSilence: never };
}

/** What `setTimeout` returns. */
export type Timer = ReturnType<typeof setTimeout>;

/**
 * Wait for something, but not for ever.
 *
 * @param ms the limit in milliseconds
 * @param onTimeout makes the error for the case that it took longer
 */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  let timer: Timer | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onTimeout()), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
