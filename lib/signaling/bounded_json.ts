/**
 * JSON from a stranger: bounded in size and depth before it is parsed.
 *
 * @module
 */

import { Buffer } from "node:buffer";

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
  if (depthOf(text) > (options.maxDepth ?? MAX_DEPTH)) return undefined;
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

/** Nesting of brackets outside strings, counted without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}
