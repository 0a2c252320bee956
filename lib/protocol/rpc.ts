/**
 * The envelope for questions between our own peers: one text message `RPC::{json}`.
 *
 * @module
 */
import * as v from "valibot";
import { jsonDepth } from "./json_depth.ts";

const PREFIX = "RPC::";
/** Deepest nesting that is read. */
const MAX_DEPTH = 64;
/** Longest text that is read, in UTF-16 units: the limit of a data channel message in bytes. */
const MAX_LENGTH = 65_536;

const id = v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.maxLength(64))]);
const method = v.pipe(v.string(), v.regex(/^[A-Za-z][\w.]{0,63}$/));
const params = v.optional(v.unknown(), null);

/** Why a call failed, as it crosses the wire. */
export const RpcErrorSchema = v.object({
  /** What kind of failure, for programs: `not_found`, `unknown_method`, `internal`, … */
  code: v.pipe(v.string(), v.maxLength(64)),
  /** What happened, for people. */
  message: v.pipe(v.string(), v.maxLength(4_096)),
  /** What to do about it. */
  hint: v.optional(v.pipe(v.string(), v.maxLength(4_096))),
  /** The exit code of a command that fails for this reason. */
  exit_code: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)),
});
/** Why a call failed, as it crosses the wire. */
export type RpcError = v.InferOutput<typeof RpcErrorSchema>;

/** What names one call; chosen by the caller. */
export type RpcId = v.InferOutput<typeof id>;

/** One message of a conversation. */
export type RpcMessage =
  | { kind: "request"; id: RpcId; method: string; params: unknown }
  | { kind: "notification"; method: string; params: unknown }
  | { kind: "result"; id: RpcId; result: unknown }
  | { kind: "error"; id: RpcId; error: RpcError };

const RequestSchema = v.object({ id, method, params });
const NotificationSchema = v.object({ method, params });
const ResultSchema = v.object({ id, result: v.unknown() });
const ErrorSchema = v.object({ id, error: RpcErrorSchema });

/** Whether a text message is meant to be an RPC envelope. */
export function isRpc(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** One envelope as a text message; `undefined` becomes null. */
export function encodeRpc(message: RpcMessage): string {
  return PREFIX + JSON.stringify(bodyOf(message));
}

function bodyOf(message: RpcMessage): Record<string, unknown> {
  switch (message.kind) {
    case "request":
      return { id: message.id, method: message.method, params: message.params ?? null };
    case "notification":
      return { method: message.method, params: message.params ?? null };
    case "result":
      return { id: message.id, result: message.result ?? null };
    case "error":
      return { id: message.id, error: message.error };
  }
}

/**
 * Read one envelope.
 *
 * @returns the message, or null for anything that is none
 */
export function decodeRpc(text: string): RpcMessage | null {
  if (!isRpc(text) || text.length > MAX_LENGTH) return null;
  const json = text.slice(PREFIX.length);
  if (jsonDepth(json) > MAX_DEPTH) return null;
  try {
    return messageOf(JSON.parse(json));
  } catch {
    return null;
  }
}

function messageOf(value: unknown): RpcMessage | null {
  if (typeof value !== "object" || value === null) return null;
  if (Object.hasOwn(value, "method")) {
    if (!Object.hasOwn(value, "id")) return parsed("notification", NotificationSchema, value);
    return parsed("request", RequestSchema, value);
  }
  if (Object.hasOwn(value, "error")) return parsed("error", ErrorSchema, value);
  return Object.hasOwn(value, "result") ? parsed("result", ResultSchema, value) : null;
}

function parsed<Kind extends string, Body>(
  kind: Kind,
  schema: v.GenericSchema<unknown, Body>,
  value: unknown,
): { kind: Kind } & Body | null {
  const { success, output } = v.safeParse(schema, value);
  return success ? { kind, ...output } : null;
}
