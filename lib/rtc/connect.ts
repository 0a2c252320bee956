/**
 * The side that makes the offer: a client that wants a worker.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { logger } from "../log.ts";
import { LEGACY_LABEL } from "../protocol/legacy_auth.ts";
import { CHANNEL_LABELS } from "../protocol/peer_link.ts";
import { authenticate } from "./authenticate.ts";
import { answerLegacyWorker } from "./authenticate/legacy.ts";
import { cannotConnect, orLost } from "./or_lost.ts";
import { type RtcOptions, timingsOf } from "./options.ts";
import { PeerConnection } from "./peer_connection.ts";
import { descriptionOf, type IncomingSignal, type Signaling } from "./signaling.ts";
import { legacyTimings, type Timings, within } from "./timings.ts";
import { Transport } from "./transport.ts";

const log = logger("rtc");

/** Options of {@linkcode connectTo}. */
export interface ConnectOptions extends RtcOptions {
  /**
   * The peer is a Python worker, whose challenge is not bound to the connection: only where the user
   * has allowed it.
   * @default {false}
   */
  legacy?: boolean;
  /**
   * How often it is tried to reach a peer that answers. One lost packet can spoil a try: werift's
   * handshake recovers from few of them.
   * @default {3}
   */
  attempts?: number;
}

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
  options: ConnectOptions,
): Promise<PeerConnection> {
  const { attempts = 3, signal } = options;
  for (let number = 1;; number++) {
    const attempt = { signaling, peerId, options, timings: timingsOf(options), isAnswered: false };
    try {
      return await connectOnce(attempt);
    } catch (error) {
      const isWorthwhile = error instanceof ConnectionError && attempt.isAnswered;
      if (!isWorthwhile || signal?.aborted || number >= attempts) throw error;
      log.debug(`Attempt ${number} of ${attempts}: ${error.message}`);
    }
  }
}

interface Attempt {
  signaling: Signaling;
  peerId: string;
  options: ConnectOptions;
  timings: Timings;
  /** Whether the peer has answered our offer. */
  isAnswered: boolean;
}

async function connectOnce(attempt: Attempt): Promise<PeerConnection> {
  const { options } = attempt;
  const transport = await Transport.create(options.iceServers ?? []);
  const onAbort = () => transport.abandon("it was given up");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    return await connect(transport, attempt);
  } catch (error) {
    await transport.close();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
  }
}

async function connect(transport: Transport, attempt: Attempt): Promise<PeerConnection> {
  const { signaling, peerId, options, timings } = attempt;
  if (options.legacy === true) return await connectLegacy(transport, attempt);
  const control = transport.open(CHANNEL_LABELS.control);
  const blocks = transport.open(CHANNEL_LABELS.blocks);
  await open(transport, attempt, Promise.all([control.opened, blocks.opened]));
  const { room, secret } = options;
  const peers = { client: signaling.peerId, worker: peerId };
  await authenticate(transport, control.channel, { role: "client", room, secret, peers, timings });
  return new PeerConnection({
    peerId,
    authentication: "bound",
    transport,
    control: control.channel,
    blocks: blocks.channel,
    timings,
  });
}

async function connectLegacy(transport: Transport, attempt: Attempt): Promise<PeerConnection> {
  const { peerId, options: { secret }, timings } = attempt;
  const { channel, opened } = transport.open(LEGACY_LABEL);
  // the challenge may come with the opening
  const answering = answerLegacyWorker(channel, { peerId, secret });
  answering.catch(() => {});
  await open(transport, attempt, opened);
  await within(
    timings.authenticate,
    orLost(transport, peerId, answering),
    () => cannotConnect(peerId, "it did not say whether it accepts our proof"),
  );
  return new PeerConnection({
    peerId,
    authentication: "legacy",
    transport,
    control: channel,
    blocks: channel,
    timings: legacyTimings(timings),
  });
}

/** Exchange descriptions and await the channels. */
async function open(transport: Transport, attempt: Attempt, opened: Promise<unknown>) {
  const { peerId, timings } = attempt;
  const answer = await exchange(transport, attempt);
  attempt.isAnswered = true;
  await orLost(transport, peerId, transport.connect(answer));
  await within(
    timings.connect,
    orLost(transport, peerId, opened),
    () => cannotConnect(peerId, "no connection came about in time"),
  );
}

/** Send the offer and await the answer to it. */
async function exchange(transport: Transport, attempt: Attempt): Promise<string> {
  const { signaling, peerId, timings, options: { legacy = false } } = attempt;
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  try {
    const connectionId = crypto.randomUUID();
    const sdp = await orLost(transport, peerId, transport.offer());
    signaling.send({ type: "offer", to: peerId, payload: { sdp, connection_id: connectionId } });
    return await within(
      timings.answer,
      orLost(transport, peerId, answerTo(incoming, peerId, legacy ? undefined : connectionId)),
      () => cannotConnect(peerId, "it does not answer"),
    );
  } finally {
    incoming.return?.().catch(() => {});
  }
}

async function answerTo(
  incoming: AsyncIterator<IncomingSignal>,
  peerId: string,
  connectionId: string | undefined,
): Promise<string> {
  for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
    const signal = next.value;
    if (signal.type !== "answer" || signal.from !== peerId) continue;
    const description = descriptionOf(signal);
    if (description !== null && description.connection_id === connectionId) {
      return description.sdp;
    }
  }
  throw cannotConnect(peerId, "the connection to the signaling server was lost");
}
