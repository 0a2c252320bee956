/**
 * What an alias may look like, and what to offer where one does not fit.
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Most characters of an alias. */
export const MAX_ALIAS_LENGTH = 64;

const RESERVED = new Set(["all", "latest", "none", "null"]);
/** IDs with their collision suffix: such an alias could hide another model. */
const LIKE_AN_ID = /^[0-9a-f]{8}(?:-[0-9]+)?$/i;

/**
 * Check that a text may be an alias: 1 to 64 of the characters `A-Z a-z 0-9 - _`, a letter or digit
 * first and last, no reserved word, nothing that looks like an ID.
 *
 * @throws {UsageError} with the reason, and a cleaned version where there is one
 */
export function checkAlias(alias: string): void {
  const fault = faultOf(alias);
  if (fault === null) return;
  const cleaned = cleanAlias(alias);
  throw new UsageError(fault, {
    hint: cleaned === null
      ? 'A name such as "mouse-v2": letters, numbers, dashes and underscores.'
      : `"${cleaned}" would do.`,
  });
}

function faultOf(alias: string): string | null {
  if (alias.trim() === "") return "Alias must not be empty";
  if (alias.length > MAX_ALIAS_LENGTH) {
    return `Alias must have at most ${MAX_ALIAS_LENGTH} characters: this one has ${alias.length}`;
  }
  const quoted = JSON.stringify(alias);
  if (RESERVED.has(alias.toLowerCase())) return `Alias must not be ${quoted}: the word is reserved`;
  if (LIKE_AN_ID.test(alias)) return `Alias must not look like a model ID: ${quoted}`;
  // Not `$`: it would let a newline at the end pass.
  if (/[^A-Za-z0-9_-]/.test(alias)) {
    return `Alias must contain only letters, numbers, dashes, and underscores: ${quoted} does not`;
  }
  if (/^[-_]|[-_]$/.test(alias)) {
    return `Alias must begin and end with a letter or number: ${quoted} does not`;
  }
  return null;
}

/** The nearest text that may be an alias: blanks become dashes; null: nothing is left of it. */
export function cleanAlias(text: string): string | null {
  const cleaned = text.trim()
    .replace(/\s+/g, "-")
    .replace(/[^A-Za-z0-9_-]/g, "")
    .replace(/^[-_]+/, "")
    .slice(0, MAX_ALIAS_LENGTH)
    .replace(/[-_]+$/, "");
  return faultOf(cleaned) === null ? cleaned : null;
}

/**
 * The next free version of an alias that is taken: `mouse-v2` after `mouse`, `mouse-v3` after
 * `mouse-v2`.
 *
 * @param isTaken whether an alias names a model already
 */
export function nextVersion(alias: string, isTaken: (alias: string) => boolean): string {
  const [, base = alias, version = "1"] = /^(.+)-v(\d{1,9})$/.exec(alias) ?? [];
  for (let n = Number(version) + 1;; n++) {
    const suffix = `-v${n}`;
    const room = base.slice(0, MAX_ALIAS_LENGTH - suffix.length).replace(/[-_]+$/, "");
    if (!isTaken(`${room}${suffix}`)) return `${room}${suffix}`;
  }
}
