import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { messageOf } from "../errors.ts";
import { isPyMap, PyMapBuilder, type PyScalar, type PyValue } from "./value.ts";
import {
  constructScalar,
  resolveScalarType,
  type ScalarType,
  type YamlDialect,
} from "./yaml_scalar.ts";

/** Aliases can make a small text huge; no configuration has this many values. */
const MAX_VALUES = 200_000;
const MAX_DEPTH = 500;

const TAG_PREFIX = "tag:yaml.org,2002:";
const SCALAR_TAGS: ReadonlySet<string> = new Set<ScalarType>([
  "bool",
  "float",
  "int",
  "merge",
  "null",
  "str",
  "timestamp",
]);

/** A value that PyYAML would refuse, and where it stands. */
export class YamlValueError extends Error {
  /** Offset in the text, in UTF-16 units. */
  readonly position: number;

  constructor(message: string, position: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "YamlValueError";
    this.position = position;
  }
}

interface Anchor {
  value: PyValue;
  /** Values in it, aliases expanded. */
  size: number;
}

/** Makes Python data from the nodes of one document, in document order. */
export class YamlConstructor {
  readonly #text: string;
  readonly #dialect: YamlDialect;
  readonly #anchors = new Map<string, Anchor | "open">();
  #values = 0;
  #depth = 0;
  #flowDepth = 0;

  constructor(text: string, dialect: YamlDialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  /** @throws {YamlValueError} when PyYAML would refuse it, or when it is unreasonably large */
  construct(node: ParsedNode | null): PyValue {
    if (node === null) return null;
    if (isAlias(node)) return this.#alias(node.source, positionOf(node));
    const { anchor } = node;
    if (anchor === undefined) return this.#content(node);
    if (this.#anchors.has(anchor)) {
      throw new YamlValueError(`the anchor "&${anchor}" stands here twice`, positionOf(node));
    }
    this.#anchors.set(anchor, "open");
    const before = this.#values;
    const value = this.#content(node);
    this.#anchors.set(anchor, { value, size: this.#values - before });
    return value;
  }

  #alias(name: string, position: number): PyValue {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) throw new YamlValueError(`unknown alias "*${name}"`, position);
    if (anchor === "open") throw new YamlValueError(`"*${name}" contains itself`, position);
    this.#count(anchor.size, position);
    return anchor.value;
  }

  #content(node: Scalar | YAMLMap | YAMLSeq): PyValue {
    this.#count(1, positionOf(node));
    if (isScalar(node)) return this.#scalar(node);
    checkCollectionTag(node);
    if (++this.#depth > MAX_DEPTH) throw new YamlValueError("nested too deeply", positionOf(node));
    if (node.flow === true) this.#flowDepth++;
    const value = isMap(node) ? this.#map(node) : this.#list(node);
    if (node.flow === true) this.#flowDepth--;
    this.#depth--;
    return value;
  }

  #count(values: number, position: number): void {
    this.#values += values;
    if (this.#values > MAX_VALUES) {
      throw new YamlValueError(`more than ${MAX_VALUES} values, aliases expanded`, position);
    }
  }

  #scalar(node: Scalar): PyScalar {
    const text = this.#textOf(node);
    if (node.type === "PLAIN" && (this.#flowDepth > 0 ? /^:|[?\t]/ : /\t/).test(text)) {
      throw new YamlValueError(`put "${text}" in quotes`, positionOf(node));
    }
    try {
      return constructScalar(this.#typeOf(node), text);
    } catch (error) {
      if (error instanceof YamlValueError) throw error;
      throw new YamlValueError(messageOf(error), positionOf(node), { cause: error });
    }
  }

  /** The `yaml` package ends a block scalar with a line break even where the text ends without. */
  #textOf(node: Scalar): string {
    const source = node.source ?? "";
    const atEnd = node.type?.startsWith("BLOCK") && node.range?.[1] === this.#text.length;
    return atEnd && /\S[ \t]*$/.test(this.#text) ? source.replace(/\n$/, "") : source;
  }

  #typeOf(node: Scalar): ScalarType {
    const { tag } = node;
    if (tag === "!" || (tag === undefined && node.type === "PLAIN")) {
      return resolveScalarType(node.source ?? "", this.#dialect);
    }
    if (tag === undefined) return "str";
    const type = tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : "";
    if (isScalarTag(type)) return type;
    throw new YamlValueError(`the tag "${tag}" is not supported here`, positionOf(node));
  }

  #list(node: YAMLSeq): PyValue[] {
    return node.items.map((item) => {
      if (isPair(item)) throw new YamlValueError("unexpected key", positionOf(node));
      return this.construct(asParsed(item));
    });
  }

  #map(node: YAMLMap): PyValue {
    const merged: [PyScalar, PyValue][] = [];
    const own: [PyScalar, PyValue][] = [];
    const textKeys = new Set<string>();
    for (const pair of node.items) {
      if (this.#isMergeKey(pair)) {
        merged.push(...this.#mergedEntries(asParsed(pair.value), positionOf(pair.key)));
        continue;
      }
      const key = this.#key(asParsed(pair.key), positionOf(node));
      this.#refuseRepeated(key, textKeys, pair);
      own.push([key, this.construct(asParsed(pair.value))]);
    }
    const builder = new PyMapBuilder();
    for (const [key, value] of [...merged, ...own]) builder.set(key, value);
    return builder.map;
  }

  #isMergeKey(pair: Pair): boolean {
    return isScalar(pair.key) && this.#typeOf(pair.key) === "merge";
  }

  #key(node: ParsedNode | null, mapPosition: number): PyScalar {
    const plainEquals = isScalar(node) && this.#typeOf(node) === "value";
    const key = plainEquals ? "=" : this.construct(node);
    if (Array.isArray(key) || isPyMap(key)) {
      const position = node === null ? mapPosition : positionOf(node);
      throw new YamlValueError("a list or a mapping cannot be a key", position);
    }
    return key;
  }

  /** OmegaConf refuses a text key that stands twice; PyYAML takes the last. */
  #refuseRepeated(key: PyScalar, known: Set<string>, pair: Pair): void {
    if (this.#dialect !== "omegaconf" || typeof key !== "string") return;
    if (known.has(key)) {
      throw new YamlValueError(`the key "${key}" stands here twice`, positionOf(pair.key));
    }
    known.add(key);
  }

  #mergedEntries(node: ParsedNode | null, position: number): [PyScalar, PyValue][] {
    const value = this.construct(node);
    const maps = Array.isArray(value) ? value.toReversed() : [value];
    return maps.flatMap((map) => {
      if (isPyMap(map)) return [...map];
      throw new YamlValueError('"<<" merges mappings only', position);
    });
  }
}

function checkCollectionTag(node: YAMLMap | YAMLSeq): void {
  const { tag } = node;
  const own = `${TAG_PREFIX}${isMap(node) ? "map" : "seq"}`;
  if (tag === undefined || tag === "!" || tag === own) return;
  throw new YamlValueError(`the tag "${tag}" is not supported here`, positionOf(node));
}

function isScalarTag(name: string): name is ScalarType {
  return SCALAR_TAGS.has(name);
}

function positionOf(node: unknown): number {
  return isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] ?? 0 : 0;
}

function asParsed(node: unknown): ParsedNode | null {
  return node as ParsedNode | null;
}
