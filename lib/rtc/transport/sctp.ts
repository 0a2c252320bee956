import type { Buffer } from "node:buffer";
import type { RTCSctpTransport } from "werift";
import { messageOf } from "../../errors.ts";

/** How far a peer may go beyond the window that we announced, in bytes. */
const MAX_EXCESS_BYTES = 1_048_576;

/** What werift 0.25.2 keeps private. */
interface Association {
  handleData(packet: Buffer): Promise<void>;
  /** Bytes that we are ready to take; each received byte counts until its message is complete. */
  advertisedRwnd: number;
}
interface Messages {
  datachannelReceive(streamId: number, protocol: number, data: Buffer): Promise<void>;
}

/**
 * Keep a peer from ending this process: in werift a packet or message that breaks the protocol is a
 * rejected promise that nobody handles, and a message that never ends is collected without limit.
 *
 * @param onViolation called with what the peer did; the transport should be given up
 */
export function guardAssociation(
  transport: RTCSctpTransport,
  onViolation: (what: string) => void,
): void {
  const association = transport.sctp as unknown as Association;
  const messages = transport as unknown as Messages;
  const handle = association.handleData;
  let isViolated = false;
  const guarded = async (step: () => Promise<void>) => {
    try {
      if (!isViolated) await step();
    } catch (error) {
      isViolated = true;
      onViolation(messageOf(error) || "something that cannot be understood");
    }
  };
  association.handleData = (packet) =>
    guarded(async () => {
      await handle.call(association, packet);
      if (association.advertisedRwnd < -MAX_EXCESS_BYTES) throw new Error("a message without end");
    });
  transport.sctp.onReceive.allUnsubscribe();
  transport.sctp.onReceive.subscribe((...message) =>
    void guarded(() => messages.datachannelReceive(...message))
  );
}
