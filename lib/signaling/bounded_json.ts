/**
 * JSON from a stranger: bounded in size and depth before it is parsed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { jsonDepth } from "../protocol/json_depth.ts";

/** Largest message that the server takes, in bytes; a session description has about 3,000. */
export const MAX_MESSAGE_BYTES = 65_536;
/** Deepest nesting that is taken; metadata needs 5. */
export const MAX_DEPTH = 32;

/** Options of {@linkcode parseBoundedJson}. */
export interface BoundedJsonOptions {
  /** @default {65_536} */
  maxBytes?: number;
  /** @default {32} */
  maxDepth?: number;
}

/**
 * Parse JSON that may be hostile.
 *
 * @returns undefined when it is no JSON, too long or too deep
 */
export function parseBoundedJson(text: string, options: BoundedJsonOptions = {}): unknown {
  if (byteLength(text) > (options.maxBytes ?? MAX_MESSAGE_BYTES)) return undefined;
  if (jsonDepth(text) > (options.maxDepth ?? MAX_DEPTH)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** Length of a text as UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
