/**
 * What a machine asks the signaling server over HTTP.
 *
 * @module
 */
import * as v from "valibot";
import { ConnectionError, NotAuthorisedError, SleapRtcError } from "../errors.ts";
import { printable } from "../terminal/printable.ts";
import { shorten } from "../terminal/width.ts";
import { parseBoundedJson } from "./bounded_json.ts";
import { unreachable } from "./client/socket.ts";
import { trustingClient } from "./client/trust.ts";

const OK = 200;
const UNAUTHORISED = 401;
const FORBIDDEN = 403;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;
const TIMEOUT = 10_000;
const MAX_REASON_WIDTH = 200;
const MAX_KEYS = 1_000;

const JoinedSchema = v.object({
  room_id: v.pipe(v.string(), v.nonEmpty()),
  name: v.string(),
  user: v.object({ user_id: v.string(), username: v.string() }),
  account_key: v.optional(v.string()),
});
/** A server's answer to whoever redeems a code. */
export type Joined = v.InferOutput<typeof JoinedSchema>;

const InvitedSchema = v.object({
  invite_code: v.string(),
  expires_in_seconds: v.number(),
  uses: v.number(),
});
/** A further invite. */
export type Invited = v.InferOutput<typeof InvitedSchema>;

const JwtSchema = v.object({
  jwt: v.string(),
  user: v.object({ id: v.string(), username: v.string() }),
});

/** Options of {@linkcode redeemInvite}. */
export interface RedeemOptions {
  /** Of this machine, for the server's list of members. */
  name: string;
  /** Of the account this machine has at that server. */
  accountKey?: string | undefined;
}

/**
 * Join the room of an invite code.
 *
 * @param server `http(s)://host:port`
 * @throws {NotAuthorisedError} when the code is unknown, expired or used up
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function redeemInvite(
  server: string,
  code: string,
  options: RedeemOptions,
): Promise<Joined> {
  const url = `${server}/api/auth/rooms/join`;
  const body = { invite_code: code, name: options.name };
  const first = await ask(url, { key: options.accountKey, body });
  const isKeyRefused = options.accountKey !== undefined && first.status === UNAUTHORISED;
  // The code alone opens the room: then with a new account.
  const answer = isKeyRefused ? await ask(url, { body }) : first;
  return check(answer, JoinedSchema, "Ask a member for a new link: `sleap-rtc invite`.");
}

/** Options of {@linkcode createInvite}. */
export interface CreateInviteOptions {
  accountKey: string;
  /** How many may join with it. */
  uses?: number | undefined;
  /** Seconds. */
  lifetime?: number | undefined;
}

/**
 * Make a further invite for a room.
 *
 * @throws {NotAuthorisedError} when this machine is no member any more
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function createInvite(
  server: string,
  roomId: string,
  options: CreateInviteOptions,
): Promise<Invited> {
  const answer = await ask(`${server}/api/auth/rooms/${encodeURIComponent(roomId)}/invite`, {
    key: options.accountKey,
    body: { uses: options.uses, expires_in_seconds: options.lifetime },
  });
  const hint = "This machine is no member of the room any more: join it again with a new link.";
  return check(answer, InvitedSchema, hint);
}

/**
 * A JSON Web Token for an account, as Python clients keep one.
 *
 * @throws {NotAuthorisedError} when the account key is not accepted
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function createJwt(
  server: string,
  { accountKey, days }: { accountKey: string; days: number },
): Promise<v.InferOutput<typeof JwtSchema>> {
  const body = { expires_in_days: days };
  const answer = await ask(`${server}/api/auth/jwt`, { key: accountKey, body });
  return check(answer, JwtSchema, "Join the room again with a new link.");
}

const AuthorizedKeysSchema = v.object({
  authorized_keys: v.pipe(v.array(v.object({ public_key: v.string() })), v.maxLength(MAX_KEYS)),
});

/**
 * Public keys with which the members of a room may prove themselves from Python: raw Ed25519,
 * base64url. They are what the server says.
 *
 * @throws {NotAuthorisedError} when this machine is no member any more
 * @throws {ConnectionError} when the server cannot be reached
 */
export async function authorizedKeys(
  server: string,
  roomId: string,
  accountKey: string,
): Promise<string[]> {
  const url = `${server}/api/rooms/${encodeURIComponent(roomId)}/authorized-keys`;
  const answer = await ask(url, { key: accountKey });
  const hint = "This machine is no member of the room any more: join it again with a new link.";
  const { authorized_keys } = check(answer, AuthorizedKeysSchema, hint);
  return authorized_keys.map(({ public_key }) => public_key);
}

interface Answer {
  origin: string;
  status: number;
  value: unknown;
}

interface Question {
  key?: string | undefined;
  /** Absent: it is a GET. */
  body?: Record<string, unknown>;
}

async function ask(url: string, { key, body }: Question): Promise<Answer> {
  const { origin } = new URL(url);
  using client = await trustingClient();
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A key or code must not follow to another host.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT),
      ...(client === null ? {} : { client }),
    });
    return { origin, status: response.status, value: parseBoundedJson(await response.text()) };
  } catch (error) {
    throw unreachable(origin, error);
  }
}

/** @param hint for who is not allowed to */
function check<S extends v.GenericSchema>(
  { origin, status, value }: Answer,
  schema: S,
  hint: string,
): v.InferOutput<S> {
  if (status === TOO_MANY_REQUESTS || status >= SERVER_ERROR) {
    throw new ConnectionError(`The signaling server ${origin} answered ${status}`, {
      hint: "Try again in a moment.",
    });
  }
  if (status === UNAUTHORISED || status === FORBIDDEN) {
    const message = `The signaling server ${origin} refused: ${reasonOf(value)}`;
    throw new NotAuthorisedError(message, { hint });
  }
  const result = v.safeParse(schema, value);
  if (status === OK && result.success) return result.output;
  throw new SleapRtcError(`${origin} did not answer as a sleap-rtc signaling server (${status})`, {
    hint: "Check the address in the link; does another program listen on that port?",
  });
}

function reasonOf(value: unknown): string {
  const reason = v.safeParse(v.object({ error: v.string() }), value);
  const text = reason.success ? reason.output.error : "no reason given";
  return shorten(printable(text), MAX_REASON_WIDTH);
}
