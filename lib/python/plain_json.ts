/** A string, closed or not, or a number that JSON does not know; matching never backtracks far. */
const STRING_OR_NOT_FINITE = /"(?:[^"\\]+|\\[^])*"?|-?\b(?:NaN|Infinity)\b/g;

/**
 * JSON as Python's `json` and jsonpickle write it, as ordinary JavaScript values: a bare `NaN` or
 * `Infinity`, which JSON does not know, becomes null.
 *
 * @throws {SyntaxError} when it is no JSON even so
 */
export function parsePlainJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const finite = text.replace(
      STRING_OR_NOT_FINITE,
      (match) => match.startsWith('"') ? match : "null",
    );
    if (finite === text) throw error;
    return JSON.parse(finite);
  }
}
