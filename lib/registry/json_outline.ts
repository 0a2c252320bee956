/** How deep objects and arrays of a manifest may lie in each other; ours need about 10 levels. */
export const MAX_DEPTH = 64;

/** Keys are compared in the root, in its objects, and in theirs: the entries. */
const COMPARED_DEPTH = 3;

/** What `JSON.parse` does not tell of a text. */
export interface JsonOutline {
  /** Something lies deeper than {@linkcode MAX_DEPTH}: parsing it could take all memory. */
  isTooDeep: boolean;
  /** Where a key stands that its object had before, e.g. `models.a3f5e8c9`: a parser drops one. */
  duplicates: string[];
}

/** Outline a JSON text in one pass, whether it is sound or not. */
export function outlineJson(text: string): JsonOutline {
  const duplicates: string[] = [];
  const seen: Set<string>[] = [];
  const path: string[] = [];
  let last = "";
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (depth <= COMPARED_DEPTH) last = text.slice(at + 1, end);
      at = end;
    } else if (code === COLON && depth > 0 && depth <= COMPARED_DEPTH) {
      path.length = depth - 1;
      path.push(last);
      if (seen[depth]?.has(last)) duplicates.push(path.join("."));
      seen[depth]?.add(last);
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (++depth > MAX_DEPTH) return { isTooDeep: true, duplicates };
      if (depth <= COMPARED_DEPTH) seen[depth] = new Set();
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth = Math.max(0, depth - 1);
  }
  return { isTooDeep: false, duplicates };
}

/**
 * Where the object or array ends that begins at `start`; null where it does not end within `limit`
 * characters, or lies too deep.
 */
export function valueEnd(text: string, start: number, limit: number): number | null {
  let depth = 0;
  for (let at = start; at < Math.min(text.length, start + limit); at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (++depth > MAX_DEPTH) return null;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      if (--depth === 0) return at + 1;
    }
  }
  return null;
}

/** Index of the quote that ends a string; the text's length where none does. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1;; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
