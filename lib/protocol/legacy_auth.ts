/**
 * The challenge of the Python program (0.0.7), which binds nothing to the connection.
 *
 * ```
 * worker → client   AUTH_CHALLENGE::{nonce}    43 characters of base64url
 * client → worker   AUTH_RESPONSE::{proof}     HMAC (43), Ed25519 signature (86), or `missing`
 * worker → client   AUTH_SUCCESS               or AUTH_FAILURE::{reason}
 * ```
 *
 * @module
 */

/** Label of the one channel that a Python command-line client opens. */
export const LEGACY_LABEL = "my-data-channel";

/** One message of the challenge. */
export type LegacyAuthMessage =
  | { type: "challenge"; nonce: string }
  | { type: "response"; proof: string }
  | { type: "success" }
  | { type: "failure"; reason: string };

/** Longest argument that is read, in characters. */
const MAX_ARGUMENT = 512;

/** One message as text. */
export function encodeLegacyAuth(message: LegacyAuthMessage): string {
  switch (message.type) {
    case "challenge":
      return `AUTH_CHALLENGE::${message.nonce}`;
    case "response":
      return `AUTH_RESPONSE::${message.proof}`;
    case "success":
      return "AUTH_SUCCESS";
    case "failure":
      return `AUTH_FAILURE::${message.reason}`;
  }
}

/**
 * Read one message of the challenge.
 *
 * @returns the message, or null for any other text
 */
export function decodeLegacyAuth(text: string): LegacyAuthMessage | null {
  if (text === "AUTH_SUCCESS") return { type: "success" };
  const separator = text.indexOf("::");
  const argument = text.slice(separator + 2);
  if (separator < 0 || argument.length > MAX_ARGUMENT) return null;
  switch (text.slice(0, separator)) {
    case "AUTH_CHALLENGE":
      return { type: "challenge", nonce: argument };
    case "AUTH_RESPONSE":
      return { type: "response", proof: argument };
    case "AUTH_FAILURE":
      return { type: "failure", reason: argument };
    default:
      return null;
  }
}
