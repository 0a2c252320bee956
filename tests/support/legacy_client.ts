/**
 * A Python client in a test's hands: connected to a worker over one channel, and proved.
 *
 * @module
 */
import { decodeLegacyAuth, encodeLegacyAuth } from "../../lib/protocol/legacy_auth.ts";
import { isKeepAlive } from "../../lib/protocol/peer_link.ts";
import { acceptPeers } from "../../lib/rtc/accept.ts";
import { legacyHmac } from "../../lib/rtc/authenticate/legacy_proof.ts";
import type { Channel } from "../../lib/rtc/channel.ts";
import type { Transport } from "../../lib/rtc/transport.ts";
import { serveConnection } from "../../worker/connection.ts";
import type { WorkerContext } from "../../worker/worker_context.ts";
import { MemoryRoom } from "./memory_signaling.ts";
import { legacyClient } from "./rtc.ts";

/** A key, as base64. */
const SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** The client; gone at the end of its scope, and the worker done with it. */
export class LegacyClient implements AsyncDisposable {
  /** Resolved when the worker is done with the client. */
  readonly served: Promise<void>;
  readonly #transport: Transport;
  readonly #channel: Channel;

  private constructor(transport: Transport, channel: Channel, served: Promise<void>) {
    this.#transport = transport;
    this.#channel = channel;
    this.served = served;
  }

  /** Connect to a worker, and prove itself. */
  static async connect(context: WorkerContext): Promise<LegacyClient> {
    const room = new MemoryRoom();
    const options = { room: "lab", secret: SECRET, allowLegacy: true };
    const accepted = acceptPeers(room.join("worker"), options);
    const { transport, channel } = await legacyClient(room.join("client"), "worker");
    const challenge = decodeLegacyAuth(String((await channel.next()).value));
    if (challenge?.type !== "challenge") throw new Error("not a challenge");
    const proof = legacyHmac(SECRET, challenge.nonce);
    await channel.send(encodeLegacyAuth({ type: "response", proof }));
    const { value: verdict } = await channel.next();
    if (verdict !== "AUTH_SUCCESS") throw new Error(String(verdict));
    const { value: connection } = await accepted.next();
    await accepted.return?.();
    return new LegacyClient(transport, channel, serveConnection(connection, context));
  }

  /** Say something. */
  async send(message: string | Uint8Array): Promise<void> {
    await this.#channel.send(message);
  }

  /** The next message but heartbeats. */
  async next(): Promise<string | Uint8Array> {
    while (true) {
      const { value, done } = await this.#channel.next();
      if (done) throw new Error("The worker has closed the connection");
      if (typeof value === "string" || !isKeepAlive(value)) return value;
    }
  }

  /** The next message, a text. */
  async text(): Promise<string> {
    const message = await this.next();
    if (typeof message !== "string") throw new Error(`${message.length} bytes`);
    return message;
  }

  /** All messages up to one that begins so. */
  async until(beginning: string): Promise<(string | Uint8Array)[]> {
    const messages: (string | Uint8Array)[] = [];
    while (true) {
      const message = await this.next();
      messages.push(message);
      if (typeof message === "string" && message.startsWith(beginning)) return messages;
    }
  }

  /** Leave, as Python clients do: without a word. */
  async leave(): Promise<void> {
    await this.#transport.close();
    await this.served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
