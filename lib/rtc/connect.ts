/**
 * The side that makes the offer: a client that wants a worker.
 *
 * @module
 */
import { ConnectionError, messageOf, NotAuthorisedError } from "../errors.ts";
import { CHANNEL_LABELS } from "../protocol/peer_link.ts";
import { authenticate } from "./authenticate.ts";
import { type RtcOptions, timingsOf } from "./options.ts";
import { PeerConnection } from "./peer_connection.ts";
import { descriptionOf, type IncomingSignal, type Signaling } from "./signaling.ts";
import { type Timings, within } from "./timings.ts";
import { Transport } from "./transport.ts";

/**
 * Connect to a worker in the room.
 *
 * @param peerId the worker's ID in the room
 * @returns the connection, once both sides have proved themselves
 * @throws {NotAuthorisedError} when the worker refuses us or cannot prove itself
 * @throws {ConnectionError} when it does not answer or cannot be reached
 * @example
 * ```ts
 * await using connection = await connectTo(signaling, "worker-1", { room, secret });
 * await connection.control.send("hello");
 * ```
 */
export async function connectTo(
  signaling: Signaling,
  peerId: string,
  options: RtcOptions,
): Promise<PeerConnection> {
  const timings = timingsOf(options);
  const transport = await Transport.create(options.iceServers ?? []);
  const onAbort = () => transport.abandon("it was given up");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    return await connect(transport, { signaling, peerId, options, timings });
  } catch (error) {
    await transport.close();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

interface Attempt {
  signaling: Signaling;
  peerId: string;
  options: RtcOptions;
  timings: Timings;
}

async function connect(transport: Transport, attempt: Attempt): Promise<PeerConnection> {
  const { signaling, peerId, options, timings } = attempt;
  const control = transport.open(CHANNEL_LABELS.control);
  const blocks = transport.open(CHANNEL_LABELS.blocks);
  const answer = await exchange(transport, attempt);
  await orLost(transport, peerId, transport.connect(answer));
  await within(
    timings.connect,
    orLost(transport, peerId, Promise.all([control.opened, blocks.opened])),
    () => cannotConnect(peerId, "no connection came about in time"),
  );
  await authenticate(transport, control.channel, {
    role: "client",
    room: options.room,
    secret: options.secret,
    peers: { client: signaling.peerId, worker: peerId },
    timings,
  });
  return new PeerConnection({
    peerId,
    authentication: "bound",
    transport,
    control: control.channel,
    blocks: blocks.channel,
    timings,
  });
}

/** Send the offer and await the answer to it. */
async function exchange(transport: Transport, attempt: Attempt): Promise<string> {
  const { signaling, peerId, timings } = attempt;
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  try {
    const connectionId = crypto.randomUUID();
    const sdp = await orLost(transport, peerId, transport.offer());
    signaling.send({ type: "offer", to: peerId, payload: { sdp, connection_id: connectionId } });
    return await within(
      timings.answer,
      orLost(transport, peerId, answerTo(incoming, peerId, connectionId)),
      () => cannotConnect(peerId, "it does not answer"),
    );
  } finally {
    incoming.return?.().catch(() => {});
  }
}

async function answerTo(
  incoming: AsyncIterator<IncomingSignal>,
  peerId: string,
  connectionId: string,
): Promise<string> {
  for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
    const signal = next.value;
    if (signal.type !== "answer" || signal.from !== peerId) continue;
    const description = descriptionOf(signal);
    if (description?.connection_id === connectionId) return description.sdp;
  }
  throw cannotConnect(peerId, "the connection to the signaling server was lost");
}

/** Await a step; werift's own errors and a lost transport become a {@linkcode ConnectionError}. */
async function orLost<T>(transport: Transport, peerId: string, step: Promise<T>): Promise<T> {
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

function cannotConnect(peerId: string, why: string, cause?: unknown): ConnectionError {
  return new ConnectionError(`Cannot connect to peer "${peerId}": ${why}`, {
    hint: "Check that the worker is running and that both machines can reach each other",
    cause,
  });
}
