/**
 * The mutual proof between two of our own peers, before anything else is accepted.
 *
 * The client proves first: whoever does not know the secret gets no proof to try guesses on.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { ConnectionError, NotAuthorisedError } from "../../errors.ts";
import { decodeLink, encodeLink, type LinkMessage, PROOF_BYTES } from "../../protocol/peer_link.ts";
import type { Channel } from "../channel.ts";
import { type Conversation, isProof, proofKey, proofOf, type Role } from "./proof.ts";

/** Who proves what to whom. */
export interface MutualProofOptions {
  /** Our own role. */
  role: Role;
  /** The secret that all members of the room share. */
  secret: string;
  /** What is known of the conversation, all but the nonces. */
  about: Omit<Conversation, "nonces">;
}

const HINT = "Join the same room on both machines: sleap-rtc join LINK";

/**
 * Prove ourselves, and have the peer prove itself, over the control channel.
 *
 * @throws {NotAuthorisedError} when the peer refuses us, cannot prove itself, or sends anything else
 * @throws {ConnectionError} when the connection ends before
 */
export async function proveMutually(
  channel: Channel,
  options: MutualProofOptions,
): Promise<void> {
  const { role, about } = options;
  const peerRole: Role = role === "client" ? "worker" : "client";
  const peer = about.peers[peerRole];
  const own = crypto.getRandomValues(new Uint8Array(PROOF_BYTES));
  await channel.send(encodeLink({ type: "nonce", nonce: own }));
  const { nonce } = await expect(channel, "nonce", peer);
  const nonces = role === "client"
    ? { client: own, worker: nonce }
    : { client: nonce, worker: own };
  const conversation = { ...about, nonces };
  const key = proofKey(options.secret, about.room);
  const proof = encodeLink({ type: "proof", mac: proofOf(key, role, conversation) });

  if (role === "client") await channel.send(proof);
  const { mac } = await expect(channel, "proof", peer);
  if (timingSafeEqual(nonce, own) || !isProof(mac, key, peerRole, conversation)) {
    await channel.send(encodeLink({ type: "refused" }));
    throw new NotAuthorisedError(
      `Peer "${peer}" cannot prove that it knows the secret of room "${about.room}", ` +
        "or someone sits between us",
      { hint: HINT },
    );
  }
  if (role === "worker") await channel.send(proof);
}

async function expect<Type extends LinkMessage["type"]>(
  channel: Channel,
  type: Type,
  peer: string,
): Promise<Extract<LinkMessage, { type: Type }>> {
  const { done, value } = await channel.next();
  if (done) throw new ConnectionError(`Peer "${peer}" left before it was authenticated`);
  const message = typeof value === "string" ? decodeLink(value) : null;
  if (isOf(message, type)) return message;
  if (message?.type === "refused") {
    throw new NotAuthorisedError(`Peer "${peer}" does not accept our proof`, { hint: HINT });
  }
  await channel.send(encodeLink({ type: "refused" }));
  throw new NotAuthorisedError(`Peer "${peer}" sent something else before its proof`, {
    hint: "Check that both machines run the same version of sleap-rtc",
  });
}

function isOf<Type extends LinkMessage["type"]>(
  message: LinkMessage | null,
  type: Type,
): message is Extract<LinkMessage, { type: Type }> {
  return message?.type === type;
}
