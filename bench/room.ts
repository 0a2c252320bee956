/**
 * A room with a client and a worker in one process, and a signaling server between them.
 *
 * @module
 */
import { join } from "node:path";
import { acceptPeers } from "../lib/rtc/accept.ts";
import { connectTo } from "../lib/rtc/connect.ts";
import type { PeerConnection } from "../lib/rtc/peer_connection.ts";
import { Accounts } from "../lib/signaling/accounts.ts";
import { SignalingClient } from "../lib/signaling/client.ts";
import { SignalingServer } from "../lib/signaling/server.ts";

/** Both ends of a connection. */
export interface ConnectedPair {
  client: PeerConnection;
  worker: PeerConnection;
}

/** A room with a client and a worker. */
export class Room implements AsyncDisposable {
  readonly #folder: string;
  readonly #accounts: Accounts;
  readonly #room: string;
  readonly #server: SignalingServer;
  #peers: { client: SignalingClient; worker: SignalingClient } | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#accounts = new Accounts(join(folder, "accounts.sqlite"));
    this.#room = this.#accounts.createRoom().id;
    const address = { host: "127.0.0.1", port: 0 };
    this.#server = SignalingServer.start({ ...address, accounts: this.#accounts });
  }

  /** Both enter it. */
  static async create(): Promise<Room> {
    const room = new Room(await Deno.makeTempDir({ prefix: "sleap-rtc-bench-" }));
    room.#peers = { client: await room.#join("client"), worker: await room.#join("worker") };
    return room;
  }

  /** A new connection between them. */
  async connect(): Promise<ConnectedPair> {
    if (this.#peers === null) throw new Error("nobody is in the room");
    const secrets = { room: this.#room, secret: "a secret for the benchmark" };
    const accepted = acceptPeers(this.#peers.worker, secrets);
    const [client, { value: worker }] = await Promise.all([
      connectTo(this.#peers.client, "worker", secrets),
      accepted.next(),
    ]);
    await accepted.return?.();
    return { client, worker };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peers?.client.close();
    await this.#peers?.worker.close();
    await this.#server.close();
    this.#accounts.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #join(role: "client" | "worker"): Promise<SignalingClient> {
    const joined = this.#accounts.redeemInvite(this.#accounts.createInvite(this.#room).code, role);
    return await SignalingClient.connect({
      server: `http://127.0.0.1:${this.#server.port}`,
      roomId: this.#room,
      peerId: role,
      credential: joined?.accountKey ?? "",
      role,
      metadata: {},
    });
  }
}
