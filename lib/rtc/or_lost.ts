import { ConnectionError, messageOf, NotAuthorisedError } from "../errors.ts";
import type { Transport } from "./transport.ts";

/** Await a step; werift's own errors and a lost transport become a {@linkcode ConnectionError}. */
export async function orLost<T>(
  transport: Transport,
  peerId: string,
  step: Promise<T>,
): Promise<T> {
  const lost = transport.lost.then((reason): never => {
    throw cannotConnect(peerId, reason);
  });
  try {
    return await Promise.race([step, lost]);
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof NotAuthorisedError) throw error;
    throw cannotConnect(peerId, messageOf(error), error);
  }
}

/** The error for a peer that no connection comes about with. */
export function cannotConnect(peerId: string, why: string, cause?: unknown): ConnectionError {
  return new ConnectionError(`Cannot connect to peer "${peerId}": ${why}`, {
    hint: "Check that the peer is running and that both machines can reach each other",
    cause,
  });
}
