/**
 * The join link: `https://host:port/join/CODE#SECRET`.
 *
 * CODE lets a machine into the room, SECRET is what peers prove to each other. The part after `#` is
 * never sent to a server. CODE ends in a checksum over both, so that a typo is seen before anything
 * is sent; the server gets the code without it.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { UsageError } from "../errors.ts";

/** The parts of a join link. */
export interface JoinLink {
  /** `http://host:port` or `https://…`, without a slash at the end. */
  server: string;
  /** The invite code, 22 characters. */
  code: string;
  /** The room secret: 32 random bytes, base64url, 43 characters, as Python peers have it. */
  secret: string;
}

const CHECK_LENGTH = 6;
const PATH = /^(?<prefix>.*)\/join\/(?<code>[\w-]{22})(?<check>[\w-]{6})\/?$/;
const SECRET = /^[\w-]{43}$/;

/** A new room secret. */
export function newRoomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** The link as text. */
export function formatJoinLink({ server, code, secret }: JoinLink): string {
  return `${server}/join/${code}${checkOf(code, secret)}#${secret}`;
}

/**
 * Read a link that somebody typed or pasted.
 *
 * @throws {UsageError} when it is not a join link, or has a typo; never quotes it
 */
export function parseJoinLink(text: string): JoinLink {
  const url = URL.parse(text.trim().replace(/^<(.*)>$/, "$1").replace(/^(["'])(.*)\1$/, "$2"));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw linkError("This is not a join link");
  }
  const parts = PATH.exec(url.pathname)?.groups;
  const secret = url.hash.slice(1);
  if (parts === undefined) throw linkError("This is not a whole join link: its code is damaged");
  if (secret === "") throw linkError("This join link has no secret: the part after # is missing");
  const { prefix = "", code = "", check } = parts;
  if (!SECRET.test(secret) || checkOf(code, secret) !== check) {
    throw linkError("This join link has a typo, or a part of it is missing");
  }
  return { server: url.origin + prefix, code, secret };
}

function linkError(message: string): UsageError {
  return new UsageError(message, {
    hint: "Copy the whole link that serve or invite printed: http://HOST:PORT/join/CODE#SECRET",
  });
}

/** 36 bits of a hash of the 256-bit secret: useless to whoever sees them. */
function checkOf(code: string, secret: string): string {
  const hash = createHash("sha256").update(`sleap-rtc join link\n${code}\n${secret}`);
  return hash.digest("base64url").slice(0, CHECK_LENGTH);
}
