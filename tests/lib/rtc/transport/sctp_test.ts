/** A peer that breaks the protocol loses its connection, and nothing else happens. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type RTCDataChannel, RTCPeerConnection } from "werift";
import { CHANNEL_LABELS } from "../../../../lib/protocol/peer_link.ts";
import { guardAssociation } from "../../../../lib/rtc/transport/sctp.ts";
import { Transport } from "../../../../lib/rtc/transport.ts";

const DCEP = 50;
const ACK = 2;

interface Hostile {
  pc: RTCPeerConnection;
  channel: RTCDataChannel;
  /** Send a message on any stream, of any protocol. */
  send(stream: number, protocol: number, data: Buffer): Promise<void>;
}

/** Connect a hostile peer to a transport. */
async function attack(hostility: (peer: Hostile) => Promise<void>): Promise<string> {
  const pc = new RTCPeerConnection({ iceServers: [] });
  const channel = pc.createDataChannel(CHANNEL_LABELS.control);
  await pc.setLocalDescription(await pc.createOffer());
  const transport = await Transport.create([]);
  try {
    const sdp = await transport.answer(pc.localDescription?.sdp ?? "");
    await pc.setRemoteDescription({ type: "answer", sdp });
    await new Promise<void>((resolve) =>
      channel.stateChange.subscribe((state) => state === "open" && resolve())
    );
    const association = pc.sctpTransport;
    assert.ok(association);
    // it lives in this process
    guardAssociation(association, () => {});
    association.setRemoteMaxMessageSize(0);
    await hostility({
      pc,
      channel,
      send: (stream, protocol, data) =>
        association.sctp.send(stream, protocol, data, { ordered: true }),
    });
    return await transport.lost;
  } finally {
    await Promise.all([pc.close(), transport.close()]);
  }
}

const HOSTILITIES: Record<string, (peer: Hostile) => Promise<void>> = {
  "an acknowledgement of a channel that nobody opened": ({ send }) =>
    send(99, DCEP, Buffer.of(ACK)),
  "a message of an unknown protocol": ({ channel, send }) =>
    send(channel.id ?? 0, 77, Buffer.of(1)),
  "more channels than it may": ({ pc }) => {
    for (let n = 0; n < 10; n++) pc.createDataChannel(`channel ${n}`);
    return Promise.resolve();
  },
  "packets without sense": async ({ pc }) => {
    for (let length = 1; length < 100; length++) {
      await pc.dtlsTransports[0]?.dtls?.send(crypto.getRandomValues(Buffer.alloc(length)));
    }
  },
  "a message without end, against the window": ({ pc, channel, send }) => {
    const association = pc.sctpTransport?.sctp;
    Object.defineProperty(association, "peerAdvertisedRwnd", { get: () => 1e9, set: () => {} });
    void send(channel.id ?? 0, 53, Buffer.alloc(16 * 1_024 * 1_024));
    return Promise.resolve();
  },
};

for (const [what, hostility] of Object.entries(HOSTILITIES)) {
  Deno.test(`a peer that sends ${what} is cut off`, async () => {
    assert.match(await attack(hostility), /broke the protocol|more channels|more than was read/);
  });
}
