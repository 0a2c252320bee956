/**
 * What a request says: its credential and its body.
 *
 * @module
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import * as v from "valibot";
import type { Accounts, Principal } from "../../accounts.ts";
import { parseBoundedJson } from "../../bounded_json.ts";

/** UTF-16 units; the largest body that is needed has about 200. */
const MAX_BODY_LENGTH = 16_384;

/** A name that may be shown: printable, at most 64 characters. */
export const NameSchema = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1),
  v.maxLength(64),
  v.regex(/^\P{C}+$/u),
);

/**
 * The key in the request.
 *
 * @throws {HTTPException} 401 when there is none
 */
export function bearerOf(c: Context): string {
  const key = /^Bearer (\S+)$/.exec(c.req.header("Authorization") ?? "")?.[1];
  if (key === undefined) throw new HTTPException(401, { message: "Authorization is missing" });
  return key;
}

/**
 * Who asks.
 *
 * @throws {HTTPException} 401 when the credential is missing, unknown, revoked or expired
 */
export function principalOf(c: Context, accounts: Accounts): Principal {
  const principal = accounts.authenticate(bearerOf(c));
  if (typeof principal !== "string") return principal;
  throw new HTTPException(401, { message: `Invalid token: ${principal}` });
}

/**
 * Who asks, with a key that is for more than registering peers.
 *
 * @throws {HTTPException} 401
 */
export function accountOf(c: Context, accounts: Accounts): Principal {
  const principal = principalOf(c, accounts);
  if (principal.kind !== "token") return principal;
  throw new HTTPException(401, { message: "Invalid token: a room token is for peers only" });
}

/**
 * Let only members of a room on.
 *
 * @throws {HTTPException} 403, the same for rooms that do not exist
 */
export function requireMember(principal: Principal, roomId: string, accounts: Accounts): void {
  const isRoomOfKey = principal.roomId === null || principal.roomId === roomId;
  if (isRoomOfKey && accounts.isMember(principal.user, roomId)) return;
  throw new HTTPException(403, { message: "No access to this room" });
}

/**
 * The checked JSON body; no body is an empty object.
 *
 * @throws {HTTPException} 400 that names the wrong field, never its value; 413 when it is too big
 */
export async function bodyOf<S extends v.GenericSchema>(
  c: Context,
  schema: S,
): Promise<v.InferOutput<S>> {
  const text = await boundedText(c.req.raw);
  const result = v.safeParse(schema, text === "" ? {} : parseBoundedJson(text));
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0]);
  const message = field === null ? "Body is not the JSON expected" : `Wrong field: ${field}`;
  throw new HTTPException(400, { message });
}

async function boundedText({ body }: Request): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY_LENGTH) throw new HTTPException(413, { message: "Body is too big" });
  }
  return text;
}
