/**
 * What is left of entries that are not whole, or of a text that is not.
 *
 * @module
 */
import * as v from "valibot";
import { parsePlainJson } from "../python/plain_json.ts";
import { type ModelEntry, ModelEntrySchema } from "./entry.ts";
import { valueEnd } from "./json_outline.ts";

/** An ID as the key of an object, which no text inside a JSON string can look like. */
const ENTRY_START = /"([0-9a-f]{8}(?:-\d+)?)"\s*:\s*(?=\{)/g;

/** The most characters that an entry may have; one has about 2,000. */
export const LONGEST_ENTRY = 1_000_000;

/**
 * The entries that are whole in a text, be it cut off or damaged elsewhere; all versions of an entry
 * that stands there more than once.
 */
export function salvageEntries(text: string): ModelEntry[] {
  const entries: ModelEntry[] = [];
  const pattern = new RegExp(ENTRY_START);
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const end = valueEnd(text, pattern.lastIndex, 2 * LONGEST_ENTRY);
    if (end === null) continue;
    const found = soundPart(match[1] ?? "", parsed(text.slice(pattern.lastIndex, end)));
    entries.push(...found);
    if (found.length > 0) pattern.lastIndex = end;
  }
  return entries;
}

/** An entry without the fields that do not fit the schema, if that leaves one with this ID. */
export function soundPart(id: string, entry: unknown): ModelEntry[] {
  if (typeof entry !== "object" || entry === null || !("id" in entry) || entry.id !== id) return [];
  const issues = v.safeParse(ModelEntrySchema, entry).issues ?? [];
  const odd = new Set(issues.map(({ path }) => path?.[0].key));
  const fields = Object.fromEntries(Object.entries(entry).filter(([key]) => !odd.has(key)));
  return v.is(ModelEntrySchema, fields) ? [fields] : [];
}

function parsed(text: string): unknown {
  try {
    return parsePlainJson(text);
  } catch {
    return null;
  }
}
