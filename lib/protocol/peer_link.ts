/**
 * What two of our own peers say about their connection itself, on its control channel.
 *
 * ```
 * client → worker   PROOF_NONCE::{nonce}      both at once
 * worker → client   PROOF_NONCE::{nonce}
 * client → worker   PROOF::{mac}              the client proves first
 * worker → client   PROOF::{mac}              or PROOF_REFUSED
 * either            GOODBYE::{reason}         answered with GOODBYE::
 * ```
 *
 * @module
 */

/** Labels of the two data channels between our own peers; both are opened by the client. */
export const CHANNEL_LABELS = {
  control: "sleap-rtc-control",
  blocks: "sleap-rtc-blocks",
} as const;

/** Bytes of a nonce and of a proof. */
export const PROOF_BYTES = 32;

/** The longest reason of a goodbye, in characters. */
const MAX_REASON = 200;

/** One message about the connection. */
export type LinkMessage =
  | { type: "nonce"; nonce: Uint8Array }
  | { type: "proof"; mac: Uint8Array }
  | { type: "refused" }
  | { type: "goodbye"; reason: string };

const KEEP_ALIVE = new TextEncoder().encode("KEEP_ALIVE");

/** The heartbeat: the same ten bytes as in the Python program. */
export function keepAlive(): Uint8Array<ArrayBuffer> {
  return KEEP_ALIVE.slice();
}

/** Whether a binary message is the heartbeat. */
export function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length === KEEP_ALIVE.length && KEEP_ALIVE.every((byte, at) => bytes[at] === byte);
}

/** One message as text. */
export function encodeLink(message: LinkMessage): string {
  switch (message.type) {
    case "nonce":
      return `PROOF_NONCE::${toText(message.nonce)}`;
    case "proof":
      return `PROOF::${toText(message.mac)}`;
    case "refused":
      return "PROOF_REFUSED";
    case "goodbye":
      return `GOODBYE::${message.reason.slice(0, MAX_REASON)}`;
  }
}

/**
 * Read one message about the connection.
 *
 * @returns the message, or null for any other text
 */
export function decodeLink(text: string): LinkMessage | null {
  if (text === "PROOF_REFUSED") return { type: "refused" };
  const separator = text.indexOf("::");
  if (separator < 0) return null;
  const value = text.slice(separator + 2);
  switch (text.slice(0, separator)) {
    case "PROOF_NONCE": {
      const nonce = toBytes(value);
      return nonce === null ? null : { type: "nonce", nonce };
    }
    case "PROOF": {
      const mac = toBytes(value);
      return mac === null ? null : { type: "proof", mac };
    }
    case "GOODBYE":
      return value.length > MAX_REASON ? null : { type: "goodbye", reason: value };
    default:
      return null;
  }
}

function toText(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function toBytes(text: string): Uint8Array | null {
  if (!/^[\w-]{43}$/.test(text)) return null;
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  return bytes.length === PROOF_BYTES && toText(bytes) === text ? bytes : null;
}
