/**
 * What peers say about themselves, and finding them by it.
 *
 * @module
 */
import { byteLength } from "../bounded_json.ts";
import type { Filters, Metadata } from "./frames.ts";

/** Largest metadata of one peer, as JSON; a Python worker has about 1,000 bytes. */
const MAX_METADATA_BYTES = 32_768;

/**
 * Metadata after an update: tags are united, properties and other keys replaced one by one. There
 * are always properties: a Python worker cannot read an answer without them.
 */
export function mergeMetadata(old: Metadata, update: Metadata): Metadata {
  const tags = [...new Set([...tagsOf(old), ...tagsOf(update)])];
  return {
    ...old,
    ...update,
    ...(tags.length === 0 ? {} : { tags }),
    properties: { ...propertiesOf(old), ...propertiesOf(update) },
  };
}

/** May a peer say that much? */
export function isMetadataSmall(metadata: Metadata): boolean {
  return byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES;
}

/** Does a peer fit the filters, by the rules of the Python project's server (S 1982-2043)? */
export function fits(peer: { role: string; metadata: Metadata }, filters: Filters): boolean {
  if (filters.role && peer.role !== filters.role) return false;
  const tags = tagsOf(peer.metadata);
  if (filters.tags?.length && !filters.tags.some((tag) => tags.includes(tag))) return false;
  const properties = propertiesOf(peer.metadata);
  return Object.entries(filters.properties ?? {}).every(([name, wanted]) =>
    Object.hasOwn(properties, name) && isAs(properties[name], wanted)
  );
}

function isAs(value: unknown, wanted: unknown): boolean {
  if (!isObject(wanted)) return isEqual(value, wanted);
  return Object.entries(wanted).every(([operator, bound]) => {
    if (operator === "$eq") return isEqual(value, bound);
    if (operator !== "$gte" && operator !== "$lte") return false;
    if (typeof value !== "number" || typeof bound !== "number") return false;
    return operator === "$gte" ? value >= bound : value <= bound;
  });
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function tagsOf(metadata: Metadata): string[] {
  const tags = metadata["tags"];
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

function propertiesOf(metadata: Metadata): Metadata {
  const properties = metadata["properties"];
  return isObject(properties) ? properties : {};
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
