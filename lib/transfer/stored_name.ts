import { UsageError } from "../errors.ts";
import { checkEntryName } from "../files/entry_name.ts";

/** Longest name of a file in bytes, on all common file systems. */
const MAX_NAME_BYTES = 255;

/**
 * Refuse a name that could leave its folder or cannot be stored on every platform.
 *
 * @throws {UsageError} that says what is wrong with it
 */
export function assertStoredName(name: string): void {
  const problem = problemOf(name);
  if (problem === null) return;
  throw new UsageError(`Cannot upload a file with ${problem}`, { hint: "Rename the file." });
}

function problemOf(name: string): string | null {
  const problem = checkEntryName(name);
  if (problem !== null) return problem;
  const shown = JSON.stringify(name.slice(0, 200));
  if (name.includes("/")) return `a folder in its name ${shown}`;
  if (!name.isWellFormed()) return `a broken character in its name ${shown}`;
  const { length } = new TextEncoder().encode(name);
  return length > MAX_NAME_BYTES ? `a name longer than ${MAX_NAME_BYTES} bytes: ${shown}` : null;
}
