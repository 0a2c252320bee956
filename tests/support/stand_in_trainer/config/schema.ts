/**
 * The configuration schema of sleap-nn 0.3.5, and merging a user's file into it as OmegaConf does.
 *
 * `schema.json` was written out from sleap-nn's own classes: a mapping carries its class under the
 * empty key, a value is `type = default`; `?` means it may be null.
 *
 * @module
 */
import { traceback, type TrainerFailure } from "../python/failure.ts";
import { typeName, valueRepr } from "../python/text.ts";
import { isMapping, type Mapping } from "./document.ts";

interface Schema {
  readonly [key: string]: string | Schema;
}

interface ValueType {
  kind: string;
  optional: boolean;
  initial: unknown;
}

interface ClassType extends ValueType {
  fields: Schema;
}

interface Place {
  key: string;
  /** Dotted path. */
  path: string;
  /** Class of the mapping it lies in. */
  owner: string;
}

/** Read the schema. */
export function readSchema(): Schema {
  return JSON.parse(Deno.readTextFileSync(new URL("./schema.json", import.meta.url)));
}

/**
 * The complete configuration: the user's values over the defaults.
 *
 * @throws {TrainerFailure} for an unknown key, a value of the wrong type, or not exactly one head
 */
export function mergeConfig(schema: Schema, user: Mapping): Mapping {
  const config = mergeMapping(schema, user, "");
  checkOneOf(config, "backbone_config", "BackboneConfig");
  checkOneOf(config, "head_configs", "HeadConfig");
  return config;
}

/** Whether the schema makes the number at this dotted path a float. */
export function isFloatAt(schema: Schema, path: string): boolean {
  let node: string | Schema | undefined = schema;
  for (const key of path.split(".")) node = typeof node === "object" ? node[key] : undefined;
  return typeof node === "string" && node.startsWith("float");
}

function mergeMapping(schema: Schema, user: Mapping, path: string): Mapping {
  const owner = classOf(schema).kind;
  const unknown = Object.keys(user).find((key) => key === "" || schema[key] === undefined);
  if (unknown !== undefined) throw unknownKey({ key: unknown, path: join(path, unknown), owner });
  const merged: Mapping = {};
  for (const [key, type] of Object.entries(schema)) {
    if (key === "") continue;
    const place = { key, path: join(path, key), owner };
    merged[key] = typeof type === "string"
      ? mergeValue(valueType(type), user[key], place)
      : mergeClass(classOf(type), user[key], place);
  }
  return merged;
}

function mergeClass(type: ClassType, value: unknown, place: Place): unknown {
  if (value === undefined) return type.initial === null ? null : defaults(type.fields);
  if (value === null) {
    if (type.optional) return null;
    throw invalid(`field '${place.path}' is not Optional`, place);
  }
  if (isMapping(value)) return mergeMapping(type.fields, value, place.path);
  const name = typeName(value);
  throw invalid(`Merge error: ${name} is not a subclass of ${type.kind}. value: ${value}`, place);
}

function mergeValue(type: ValueType, value: unknown, place: Place): unknown {
  if (value === undefined) return type.initial;
  if (value === null) {
    if (type.optional) return null;
    throw invalid(`Incompatible value 'None' for field of type '${type.kind}'`, place);
  }
  return convert(type.kind, value, place);
}

function convert(kind: string, value: unknown, place: Place): unknown {
  switch (kind) {
    case "int":
      return numberOf(value, "Integer", place);
    case "float":
      return numberOf(value, "Float", place);
    case "bool":
      if (typeof value === "boolean") return value;
      throw invalid(`Value '${value}' is not a valid bool (type ${typeName(value)})`, place);
    case "str":
      if (typeof value !== "object") return String(value);
      throw invalid(`Cannot convert 'ListConfig' to string: '${valueRepr(value)}'`, place);
    case "list":
    case "floats":
      if (Array.isArray(value)) return value;
      throw invalid(
        "Invalid value assigned: AnyNode is not a ListConfig, list or tuple.",
        place,
      );
    default:
      return value;
  }
}

function numberOf(value: unknown, kind: "Integer" | "Float", place: Place): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && !Number.isNaN(number)) {
    if (kind === "Float" || Number.isInteger(number)) return number;
  }
  const type = typeName(value);
  throw invalid(`Value '${value}' of type '${type}' could not be converted to ${kind}`, place);
}

function checkOneOf(config: Mapping, key: string, name: string): void {
  const model = config["model_config"];
  const choice = isMapping(model) ? model[key] : undefined;
  const set = isMapping(choice) ? Object.values(choice).filter((value) => value !== null) : [];
  if (set.length === 1) return;
  const message = set.length > 1
    ? `${name}: Only one attribute of this class can be set (not None).`
    : `${name}: At least one attribute of this class must be set.`;
  throw traceback([
    '  File "<site-packages>/omegaconf/dictconfig.py", line 765, in _to_object',
    '  File "<site-packages>/sleap_nn/config/utils.py", line 887, in new_init_fn',
    `ValueError: ${message}`,
  ], message);
}

function unknownKey(place: Place): TrainerFailure {
  return traceback([
    '  File "<site-packages>/omegaconf/_utils.py", line 797, in _raise',
    `omegaconf.errors.ConfigKeyError: Key '${place.key}' not in '${place.owner}'`,
    ...whereLines(place),
  ]);
}

function invalid(message: string, place: Place): TrainerFailure {
  return traceback([
    '  File "<site-packages>/omegaconf/nodes.py", line 272, in _validate_and_convert_impl',
    `omegaconf.errors.ValidationError: ${message}`,
    ...whereLines(place),
  ]);
}

function whereLines(place: Place): string[] {
  return [
    `    full_key: ${place.path}`,
    `    reference_type=${place.owner}`,
    `    object_type=${place.owner}`,
  ];
}

function defaults(schema: Schema): Mapping {
  return mergeMapping(schema, {}, "");
}

function classOf(schema: Schema): ClassType {
  const text = schema[""];
  const [name = "", initial] = typeof text === "string" ? text.split(" = ") : [];
  return {
    kind: name.replace("?", ""),
    optional: name.endsWith("?"),
    initial: initial === "null" ? null : undefined,
    fields: schema,
  };
}

function valueType(text: string): ValueType {
  const at = text.indexOf(" = ");
  const kind = text.slice(0, at);
  return {
    kind: kind.replace("?", ""),
    optional: kind.endsWith("?"),
    initial: JSON.parse(text.slice(at + 3)),
  };
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
