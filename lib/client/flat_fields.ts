/**
 * Nested settings as one list: `backbone.filters`. Lists stay whole; an empty mapping is a value.
 *
 * @returns keys and values, in the order of the settings
 */
export function flatFields(
  settings: Record<string, unknown>,
  prefix = "",
): [key: string, value: unknown][] {
  return Object.entries(settings).flatMap(([name, value]): [string, unknown][] => {
    const key = `${prefix}${name}`;
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value) &&
      Object.keys(value).length > 0;
    return isNested ? flatFields({ ...value }, `${key}.`) : [[key, value]];
  });
}
