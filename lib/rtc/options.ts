import { DEFAULT_TIMINGS, type Timings } from "./timings.ts";
import type { IceServer } from "./transport.ts";

/** What both sides of a connection need. */
export interface RtcOptions {
  /** The room both peers are in. */
  room: string;
  /** The secret that all members of the room share; it never leaves this process. */
  secret: string;
  /**
   * STUN and TURN servers.
   * @default {[]}
   */
  iceServers?: readonly IceServer[];
  /**
   * Other waiting times than {@linkcode DEFAULT_TIMINGS}, in milliseconds.
   * @default {{}}
   */
  timings?: Partial<Timings>;
  /** Gives up: what is under way is rejected or dropped. Open connections stay. */
  signal?: AbortSignal;
}

/** All waiting times. */
export function timingsOf(options: RtcOptions): Timings {
  return { ...DEFAULT_TIMINGS, ...options.timings };
}
