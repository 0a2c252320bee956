/** Metadata after an update: named keys are replaced, those of `properties` one by one. */
export function mergeProperties(
  old: Record<string, unknown>,
  update: Record<string, unknown>,
): Record<string, unknown> {
  const properties = { ...asObject(old["properties"]), ...asObject(update["properties"]) };
  return { ...old, ...update, properties };
}

/** An object as it is; anything else is an empty one. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
