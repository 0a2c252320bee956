/**
 * The challenge between us and a Python peer. It proves who the peer is, but not that nobody sits
 * between: it is used only where the user has allowed it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { NotAuthorisedError } from "../../errors.ts";
import {
  decodeLegacyAuth,
  encodeLegacyAuth,
  type LegacyAuthMessage,
} from "../../protocol/legacy_auth.ts";
import { type Channel, MAX_EARLY_BYTES } from "../channel.ts";
import { isLegacyHmac, isLegacySignature, legacyHmac, SIGNATURE_LENGTH } from "./legacy_proof.ts";

/** How a Python client may prove itself. */
export interface LegacyClientOptions {
  peerId: string;
  /** The room secret, base64. */
  secret: string;
  /**
   * Public keys of the room's members, as the server lists them: raw Ed25519, base64url.
   * @default {() => []}
   */
  authorizedKeys?: () => Promise<readonly string[]>;
}

const HINT = "Give both machines the same room secret, or use sleap-rtc on both";

/**
 * Challenge a Python client. What it sends meanwhile stays in the channel, for after its success.
 *
 * @throws {NotAuthorisedError} when its answer is wrong
 */
export async function challengeLegacyClient(
  channel: Channel,
  options: LegacyClientOptions,
): Promise<void> {
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  const response = take(channel, ["response"]);
  await channel.send(encodeLegacyAuth({ type: "challenge", nonce }));
  const message = await response;
  const proof = message.type === "response" ? message.proof : "";
  if (await isProof(proof, nonce, options)) {
    await channel.send(encodeLegacyAuth({ type: "success" }));
    return;
  }
  const reason = proof === "missing" ? "missing" : "invalid";
  await channel.send(encodeLegacyAuth({ type: "failure", reason }));
  throw new NotAuthorisedError(
    `Python client "${options.peerId}" did not prove itself: its proof is ${reason}`,
    { hint: HINT },
  );
}

/** The keys are asked for only where they matter: the server may not be there. */
async function isProof(
  proof: string,
  nonce: string,
  { secret, authorizedKeys }: LegacyClientOptions,
): Promise<boolean> {
  if (isLegacyHmac(proof, secret, nonce)) return true;
  if (proof.length !== SIGNATURE_LENGTH) return false;
  return await isLegacySignature(proof, await authorizedKeys?.() ?? [], nonce);
}

/**
 * Answer the challenge of a Python worker that knows the room secret.
 *
 * @throws {NotAuthorisedError} when it does not accept our proof
 */
export async function answerLegacyWorker(
  channel: Channel,
  options: { peerId: string; secret: string },
): Promise<void> {
  const challenge = await take(channel, ["challenge"]);
  const verdict = take(channel, ["success", "failure"]);
  const nonce = challenge.type === "challenge" ? challenge.nonce : "";
  const proof = legacyHmac(options.secret, nonce);
  await channel.send(encodeLegacyAuth({ type: "response", proof }));
  const { type } = await verdict;
  if (type !== "success") {
    throw new NotAuthorisedError(`Python worker "${options.peerId}" does not accept our proof`, {
      hint: HINT,
    });
  }
}

/** The next message of one of these types; everything else stays in the channel. */
function take(
  channel: Channel,
  types: readonly LegacyAuthMessage["type"][],
): Promise<LegacyAuthMessage> {
  return new Promise((resolve) => {
    let isTaken = false;
    channel.filter((message) => {
      const auth = typeof message === "string" ? decodeLegacyAuth(message) : null;
      if (isTaken || auth === null || !types.includes(auth.type)) return false;
      isTaken = true;
      resolve(auth);
      return true;
    }, MAX_EARLY_BYTES);
  });
}
