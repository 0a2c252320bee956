/**
 * The manifest: all entries of a registry in one JSON file.
 *
 * @module
 */
import * as v from "valibot";
import { messageOf } from "../errors.ts";
import { parsePlainJson } from "../python/plain_json.ts";
import { agreeOnAliases } from "./aliases.ts";
import { type ModelEntry, ModelEntrySchema } from "./entry.ts";
import { MAX_DEPTH, outlineJson } from "./json_outline.ts";
import { salvageEntries, soundPart } from "./salvage.ts";

/** The version we write. */
export const MANIFEST_VERSION = "1.0";

const VERSION = /^\d+(?:\.\d+)*$/;

/** An array is an object to valibot, too. */
const object = v.custom<Record<string, unknown>>(isRecord, "Expected an object");

const ManifestSchema = v.pipe(
  object,
  v.looseObject({
    version: v.optional(v.pipe(v.string(), v.regex(VERSION)), MANIFEST_VERSION),
    // Every program writes it: where it is missing, its name is damaged and all entries are hidden.
    models: object,
    interrupted: v.optional(v.array(v.string()), []),
    aliases: v.optional(v.pipe(object, v.record(v.string(), v.string())), {}),
    stats: v.optional(v.record(v.string(), v.number())),
  }),
);

/** All entries of a registry. Entries are never changed in place, only replaced. */
export interface Manifest {
  version: string;
  /** Entries by ID. */
  models: Record<string, ModelEntry>;
  /** IDs of the interrupted models. */
  interrupted: string[];
  /** IDs by alias. */
  aliases: Record<string, string>;
  /** Counters of operations. */
  stats?: Record<string, number> | undefined;
  /** Keys of other programs are kept. */
  [key: string]: unknown;
}

/** What could be read of a manifest's text. */
export interface ParsedManifest {
  manifest: Manifest;
  /** What is wrong with it; empty for a sound file. */
  faults: string[];
  /** What is sound of the entries that are not; the manifest has none of them. */
  partial: ModelEntry[];
}

/** A manifest without models. */
export function emptyManifest(): Manifest {
  return { version: MANIFEST_VERSION, models: {}, interrupted: [], aliases: {} };
}

const emptiness = new WeakMap<Manifest, boolean>();

/** Has a manifest no models? Asked at every read: looking takes 1 ms at 10,000 models. */
export function isEmpty(manifest: Manifest): boolean {
  const known = emptiness.get(manifest);
  if (known !== undefined) return known;
  const isSo = Object.keys(manifest.models).length === 0;
  emptiness.set(manifest, isSo);
  return isSo;
}

/**
 * Read a manifest's text, keeping every entry that is sound.
 *
 * Never throws: a damaged file gives its faults and whatever entries could be saved. What a newer
 * program wrote is no damage, however odd it looks to us.
 */
export function parseManifest(json: string): ParsedManifest {
  const { isTooDeep, duplicates } = outlineJson(json);
  if (isTooDeep) return unreadableManifest(json, `it is nested deeper than ${MAX_DEPTH} levels`);
  try {
    return readRoot(parsePlainJson(json), json, duplicates);
  } catch (error) {
    return unreadableManifest(json, messageOf(error));
  }
}

/** What a text holds that is no manifest for this reason: the entries in it that are whole. */
export function unreadableManifest(text: string, fault: string): ParsedManifest {
  return { manifest: emptyManifest(), faults: [fault], partial: salvageEntries(text) };
}

function readRoot(value: unknown, json: string, duplicates: readonly string[]): ParsedManifest {
  const faults = (v.safeParse(ManifestSchema, value).issues ?? []).map(describeIssue);
  const source = { ...emptyManifest(), ...soundRoot(value) };
  const sound: [string, ModelEntry][] = [];
  const partial: ModelEntry[] = [];
  for (const [id, entry] of Object.entries(source.models)) {
    const parsed = v.safeParse(ModelEntrySchema, entry);
    if (parsed.success && parsed.output.id === id) {
      sound.push([id, entry]);
      continue;
    }
    faults.push(`models.${id}: ${parsed.success ? "ID differs" : describeIssues(parsed)}`);
    partial.push(...soundPart(id, entry));
  }
  if (!isKnownVersion(source.version)) {
    const models = Object.fromEntries([...sound, ...partial.map((entry) => [entry.id, entry])]);
    return { manifest: { ...source, models }, faults: [], partial: [] };
  }
  if (duplicates.length > 0) {
    faults.push(...duplicates.map((key) => `${key} stands there twice`));
    partial.push(...salvageEntries(json));
  }
  const naming = agreeOnAliases({ models: Object.fromEntries(sound), aliases: source.aliases });
  return { manifest: { ...source, ...naming }, faults, partial };
}

/** The root's keys that fit the schema, and those that it does not know. */
function soundRoot(value: unknown): Partial<Manifest> {
  if (!isRecord(value)) return {};
  const issues = v.safeParse(ManifestSchema, value).issues ?? [];
  const odd = new Set(issues.map(({ path }) => path?.[0].key));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !odd.has(key)));
}

/** Is a manifest of this version older than or equal to what we write? */
export function isKnownVersion(version: string): boolean {
  const [major = NaN, minor = 0] = version.split(".").map(Number);
  const [ourMajor = 1, ourMinor = 0] = MANIFEST_VERSION.split(".").map(Number);
  return major < ourMajor || (major === ourMajor && minor <= ourMinor);
}

const members = new WeakMap<ModelEntry, Uint8Array>();
const encoder = new TextEncoder();

/**
 * The manifest's bytes: JSON, 2 spaces, a newline at the end.
 *
 * The bytes of an entry are remembered, so that a change costs one entry and not all of them.
 */
export function serialiseManifest(manifest: Manifest): Uint8Array {
  const chunks: Uint8Array[] = [];
  let separator = "{\n";
  for (const [key, value] of Object.entries(manifest)) {
    if (value === undefined) continue;
    chunks.push(encoder.encode(`${separator}  ${JSON.stringify(key)}: `));
    if (key === "models") pushModels(chunks, manifest.models);
    else chunks.push(encoder.encode(indent(stringify(value), "  ")));
    separator = ",\n";
  }
  chunks.push(encoder.encode("\n}\n"));
  return concatenate(chunks);
}

function pushModels(chunks: Uint8Array[], models: Record<string, ModelEntry>): void {
  const entries = Object.values(models);
  if (entries.length === 0) {
    chunks.push(encoder.encode("{}"));
    return;
  }
  const comma = encoder.encode(",\n");
  chunks.push(encoder.encode("{\n"));
  entries.forEach((entry, index) => {
    if (index > 0) chunks.push(comma);
    chunks.push(memberBytes(entry));
  });
  chunks.push(encoder.encode("\n  }"));
}

function memberBytes(entry: ModelEntry): Uint8Array {
  let bytes = members.get(entry);
  if (bytes === undefined) {
    bytes = encoder.encode(
      `    ${JSON.stringify(entry.id)}: ${indent(stringify(entry), "    ")}`,
    );
    members.set(entry, bytes);
  }
  return bytes;
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function stringify(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function indent(text: string, by: string): string {
  return text.replaceAll("\n", `\n${by}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What does not fit a schema, in one line. */
export function describeIssues(
  result: { issues?: readonly v.BaseIssue<unknown>[] | undefined },
): string {
  return (result.issues ?? []).map(describeIssue).join("; ");
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue as v.BaseIssue<unknown> & { path?: never });
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
