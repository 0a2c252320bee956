/**
 * What a transfer needs of a connection.
 *
 * @module
 */
import * as v from "valibot";
import { SleapRtcError } from "../errors.ts";
import type { Acknowledgements } from "./acknowledgements.ts";

/** Options of {@linkcode Calls.call}. */
export interface CallOptions {
  /** How long to wait for the answer, in milliseconds. */
  timeoutMs?: number;
}

/** Questions to the peer, and what it is told: the part of lib/rtc's `RpcPeer` that is needed. */
export interface Calls {
  /** Ask; rejected with the peer's error, and when the connection is lost. */
  call(method: string, params: unknown, options?: CallOptions): Promise<unknown>;
  /** Tell, without an answer. */
  notify(method: string, params: unknown): Promise<void>;
}

/** Messages of at most 65,536 bytes, in order, none lost. */
export interface BlockChannel extends AsyncIterable<string | Uint8Array> {
  /** Send one message; waits while the send buffer is full, rejected when the channel is closed. */
  send(message: string | Uint8Array): Promise<void>;
}

/** The worker, as an upload sees it. */
export interface UploadPeer {
  /** On the control channel. */
  calls: Pick<Calls, "call">;
  /** Its handlers take the notifications of the control channel. */
  acknowledgements: Acknowledgements;
  /** The channel for frames; an upload only writes it. */
  blocks: BlockChannel;
  /** Resolved when the connection has ended in any way. */
  closed: Promise<{ reason: string }>;
}

/**
 * What a peer sent, checked.
 *
 * @param what names the message in the error
 * @throws {SleapRtcError} when it is something else
 */
export function readMessage<T>(
  schema: v.GenericSchema<unknown, T>,
  message: unknown,
  what: string,
): T {
  const { success, output, issues } = v.safeParse(schema, message);
  if (success) return output;
  throw new SleapRtcError(`Cannot read ${what}: ${v.summarize(issues).slice(0, 500)}`, {
    hint: "Use the same version of sleap-rtc on both machines.",
  });
}
