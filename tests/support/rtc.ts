/**
 * Peers for tests of connections: honest pairs, peers that don't keep to the protocol, and someone in
 * the middle.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { CipherContext, RTCCertificate, type RTCDataChannel, RTCPeerConnection } from "werift";
import { type AcceptOptions, acceptPeers } from "../../lib/rtc/accept.ts";
import type { Channel } from "../../lib/rtc/channel.ts";
import { connectTo } from "../../lib/rtc/connect.ts";
import { bindingOf, type DtlsBinding } from "../../lib/rtc/transport/dtls.ts";
import type { PeerConnection } from "../../lib/rtc/peer_connection.ts";
import { descriptionOf, type OutgoingSignal, type Signaling } from "../../lib/rtc/signaling.ts";
import { proveMutually } from "../../lib/rtc/authenticate/mutual_proof.ts";
import { fingerprintsOf } from "../../lib/rtc/authenticate/proof.ts";
import type { Timings } from "../../lib/rtc/timings.ts";
import { Transport } from "../../lib/rtc/transport.ts";
import { CHANNEL_LABELS } from "../../lib/protocol/peer_link.ts";
import { MemoryRoom } from "./memory_signaling.ts";

/** Room and secret of the tests. */
export const LAB = { room: "lab", secret: "correct horse battery staple" };

/** Two peers that are connected. */
export interface Pair extends AsyncDisposable {
  client: PeerConnection;
  worker: PeerConnection;
}

/** Connect a client and a worker. */
export async function connectPair(options: Partial<AcceptOptions> = {}): Promise<Pair> {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), { ...LAB, ...options });
  const client = await connectTo(room.join("client"), "worker", { ...LAB, ...options });
  const { value } = await accepted.next();
  const worker: PeerConnection = value;
  await accepted.return?.();
  return {
    client,
    worker,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.close(), worker.close()]);
    },
  };
}

/** A peer in a test's hands: connected, but nothing is said yet. */
export interface RawPeer extends AsyncDisposable {
  transport: Transport;
  control: Channel;
  blocks: Channel;
  binding: DtlsBinding;
}

/** Make an offer and connect, without a word on the channels. */
export async function rawClient(signaling: Signaling, workerId: string): Promise<RawPeer> {
  const transport = await Transport.create([]);
  const control = transport.open(CHANNEL_LABELS.control);
  const blocks = transport.open(CHANNEL_LABELS.blocks);
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  signaling.send({ type: "offer", to: workerId, payload: { sdp: await transport.offer() } });
  await transport.connect(await nextSdp(incoming));
  await Promise.all([control.opened, blocks.opened]);
  return await rawPeer(transport, control.channel, blocks.channel);
}

/** Answer the next offer, without a word on the channels. */
export async function rawWorker(signaling: Signaling): Promise<RawPeer> {
  const transport = await Transport.create([]);
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  const { value: offer } = await incoming.next();
  const sdp = await transport.answer(descriptionOf(offer)?.sdp ?? "");
  signaling.send({ type: "answer", to: offer.from, payload: { ...offer.payload, sdp } });
  await transport.allChannels;
  const control = transport.channel(CHANNEL_LABELS.control);
  const blocks = transport.channel(CHANNEL_LABELS.blocks);
  if (control === undefined || blocks === undefined) throw new Error("No channels");
  return await rawPeer(transport, control, blocks);
}

/** Connect with one channel, as a Python client does. */
export async function legacyClient(signaling: Signaling, workerId: string): Promise<{
  transport: Transport;
  channel: Channel;
}> {
  const transport = await Transport.create([]);
  const { channel, opened } = transport.open("training");
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  signaling.send({ type: "offer", to: workerId, payload: { sdp: await transport.offer() } });
  await transport.connect(await nextSdp(incoming));
  await opened;
  return { transport, channel };
}

/** Answer the next offer and wait for the one channel, as a Python worker does. */
export async function legacyWorker(signaling: Signaling): Promise<{
  transport: Transport;
  channel: Channel;
}> {
  const transport = await Transport.create([]);
  const incoming = signaling.messages()[Symbol.asyncIterator]();
  const { value: offer } = await incoming.next();
  const sdp = await transport.answer(descriptionOf(offer)?.sdp ?? "");
  signaling.send({ type: "answer", to: offer.from, payload: { sdp } });
  return { transport, channel: await transport.firstChannel };
}

/** Prove what a client proves, and nothing after that: no heartbeat, no goodbye. */
export async function proveAsClient(peer: RawPeer): Promise<void> {
  await proveMutually(peer.control, {
    role: "client",
    secret: LAB.secret,
    about: {
      room: LAB.room,
      peers: { client: "client", worker: "worker" },
      fingerprints: fingerprintsOf(peer.binding, "client"),
      keyingMaterial: peer.binding.keyingMaterial,
    },
  });
}

/** A worker's connection to a client that proved itself and is silent since. */
export async function silentClient(
  timings: Partial<Timings>,
): Promise<AsyncDisposable & { worker: PeerConnection; client: RawPeer }> {
  const room = new MemoryRoom();
  const accepted = acceptPeers(room.join("worker"), { ...LAB, timings });
  const client = await rawClient(room.join("client"), "worker");
  await proveAsClient(client);
  const { value } = await accepted.next();
  const worker: PeerConnection = value;
  await accepted.return?.();
  return {
    worker,
    client,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([worker.close(), client.transport.close()]);
    },
  };
}

/** Two peers in a test's hands, connected to each other. */
export async function connectTransports(): Promise<
  AsyncDisposable & { client: RawPeer; worker: RawPeer }
> {
  const room = new MemoryRoom();
  const answering = rawWorker(room.join("worker"));
  const client = await rawClient(room.join("client"), "worker");
  const worker = await answering;
  return {
    client,
    worker,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client.transport.close(), worker.transport.close()]);
    },
  };
}

async function rawPeer(
  transport: Transport,
  control: Channel,
  blocks: Channel,
): Promise<RawPeer> {
  const binding = bindingOf(await transport.secured);
  if (binding === null) throw new Error("No binding");
  const dispose = () => transport.close();
  return { transport, control, blocks, binding, [Symbol.asyncDispose]: dispose };
}

async function nextSdp(incoming: AsyncIterator<{ payload?: unknown }>): Promise<string> {
  const { value } = await incoming.next();
  return (value.payload as { sdp: string }).sdp;
}

/** Someone who has taken over the signaling server and connects to both sides. */
export class ManInTheMiddle implements AsyncDisposable {
  readonly #room: MemoryRoom;
  readonly #peers: [RTCPeerConnection, RTCPeerConnection];
  readonly #toClient: RTCPeerConnection;
  readonly #toWorker: RTCPeerConnection;
  /** What was relayed, in order. */
  readonly relayed: string[] = [];
  /** The fingerprint lines of all descriptions that passed or were made up. */
  readonly fingerprints = new Set<string>();

  private constructor(room: MemoryRoom, certificates: RTCCertificate[]) {
    this.#room = room;
    const config = { iceServers: [], certificates };
    this.#toClient = new RTCPeerConnection(config);
    this.#toWorker = new RTCPeerConnection(config);
    this.#peers = [this.#toClient, this.#toWorker];
    room.tamper = (message) => {
      void this.#intercept(message);
      return null;
    };
    const outgoing = Object.values(CHANNEL_LABELS).map((label) =>
      this.#toWorker.createDataChannel(label)
    );
    this.#toClient.onDataChannel.subscribe((channel) => {
      const other = outgoing.find(({ label }) => label === channel.label);
      if (other !== undefined) this.#bridge(channel, other);
    });
  }

  /** @param ownCertificate false: the same one as the victims', as if their keys were not checked */
  static async in(room: MemoryRoom, ownCertificate: boolean): Promise<ManInTheMiddle> {
    return new ManInTheMiddle(room, ownCertificate ? [await newCertificate()] : []);
  }

  async #intercept(message: OutgoingSignal & { from: string }): Promise<void> {
    const { sdp } = message.payload as { sdp: string };
    this.#note(sdp);
    if (message.type === "answer") {
      await this.#toWorker.setRemoteDescription({ type: "answer", sdp });
      return;
    }
    await this.#toClient.setRemoteDescription({ type: "offer", sdp });
    await this.#toClient.setLocalDescription(await this.#toClient.createAnswer());
    await this.#toWorker.setLocalDescription(await this.#toWorker.createOffer());
    const { from, to } = message;
    this.#send({ ...message, type: "answer", from: to, to: from }, this.#toClient);
    this.#send(message, this.#toWorker);
  }

  #send(message: OutgoingSignal & { from: string }, own: RTCPeerConnection): void {
    const sdp = own.localDescription?.sdp ?? "";
    this.#note(sdp);
    this.#room.inject({ ...message, payload: { ...message.payload as object, sdp } });
  }

  #note(sdp: string): void {
    this.fingerprints.add(/a=fingerprint:.*/.exec(sdp)?.[0] ?? "");
  }

  #bridge(a: RTCDataChannel, b: RTCDataChannel): void {
    for (const [from, to] of [[a, b], [b, a]] as const) {
      from.onMessage.subscribe((data) => {
        this.relayed.push(String(data));
        to.send(typeof data === "string" ? data : Buffer.from(data));
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()));
  }
}

async function newCertificate(): Promise<RTCCertificate> {
  const ECDSA_SHA256 = { signature: 3, hash: 4 } as const;
  const SECP256R1 = 23;
  const { certPem, keyPem, signatureHash } = await CipherContext
    .createSelfSignedCertificateWithKey(ECDSA_SHA256, SECP256R1);
  return new RTCCertificate(keyPem, certPem, signatureHash);
}
