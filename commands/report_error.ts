import { EXIT, LeftByUserError, messageOf, SleapRtcError } from "../lib/errors.ts";
import { writeStderr } from "../lib/terminal/output.ts";

/**
 * Say on stderr what went wrong, and what to do.
 *
 * @param isDebug with the stack trace
 * @returns the exit code
 */
export function reportError(error: unknown, isDebug: boolean): number {
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.brokenPipe;
  const label = error instanceof LeftByUserError ? "" : "error: ";
  writeStderr(`${label}${messageOf(error)}\n`);
  if (error instanceof SleapRtcError && error.hint) writeStderr(`hint: ${error.hint}\n`);
  if (isDebug) writeStderr(`${Deno.inspect(error)}\n`);
  return error instanceof SleapRtcError ? error.exitCode : EXIT.failed;
}
