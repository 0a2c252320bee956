/**
 * Aliases and the list of interrupted models: the manifest says each thing twice.
 *
 * @module
 */
import * as v from "valibot";
import { parsePlainJson } from "../../python/plain_json.ts";
import type { RegistryFault } from "../verify.ts";

const AGREE = "Let them agree again: sleap-rtc registry rebuild";

/** As it stands in the file: readers settle a contradiction without a word. */
const RawSchema = v.looseObject({
  models: v.record(
    v.string(),
    v.looseObject({
      alias: v.optional(v.nullable(v.string())),
      status: v.optional(v.nullable(v.string())),
    }),
  ),
  aliases: v.optional(v.record(v.string(), v.string())),
  interrupted: v.optional(v.array(v.string())),
});
type Raw = v.InferOutput<typeof RawSchema>;

/**
 * Where entries and the maps of a manifest contradict each other.
 *
 * @param json the manifest's text; what is damaged in it is told elsewhere
 */
export function namingFaults(json: string): RegistryFault[] {
  let value: unknown;
  try {
    value = parsePlainJson(json);
  } catch {
    return [];
  }
  const parsed = v.safeParse(RawSchema, value);
  return parsed.success ? [...aliasFaults(parsed.output), ...interruptedFaults(parsed.output)] : [];
}

/** The older Python program knew neither the map nor the field. */
function aliasFaults({ models, aliases }: Raw): RegistryFault[] {
  if (aliases === undefined) return [];
  const ofMap = Object.entries(aliases).flatMap(([alias, id]) => {
    const entry = Object.hasOwn(models, id) ? models[id] : undefined;
    const name = JSON.stringify(alias);
    if (entry === undefined) return [fault("alias", id, `alias ${name} names no model: ${id}`)];
    if (entry.alias === undefined || entry.alias === alias) return [];
    const own = entry.alias === null ? "has none" : `is ${JSON.stringify(entry.alias)}`;
    return [fault("alias", id, `alias ${name} names model ${id}, whose own alias ${own}`)];
  });
  const ofEntries = Object.entries(models).flatMap(([id, { alias }]) => {
    if (!alias || (Object.hasOwn(aliases, alias) && aliases[alias] === id)) return [];
    const other = Object.hasOwn(aliases, alias) ? `names model ${aliases[alias]}` : "is not listed";
    return [fault("alias", id, `model ${id}: its alias ${JSON.stringify(alias)} ${other}`)];
  });
  return [...ofMap, ...ofEntries];
}

function interruptedFaults({ models, interrupted = [] }: Raw): RegistryFault[] {
  const listed = new Set(interrupted);
  const wrong = [...listed].filter((id) =>
    !Object.hasOwn(models, id) || models[id]?.status !== "interrupted"
  );
  return [
    ...wrong.map((id) =>
      fault("interrupted", id, `model ${id} is listed as interrupted, but is not`)
    ),
    ...Object.entries(models).flatMap(([id, { status }]) =>
      status === "interrupted" && !listed.has(id)
        ? [fault("interrupted", id, `model ${id} is interrupted, but not listed so`)]
        : []
    ),
  ];
}

function fault(kind: "alias" | "interrupted", model: string, message: string): RegistryFault {
  return { kind, model, path: null, message, hint: AGREE };
}
