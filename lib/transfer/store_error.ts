import { messageOf, SleapRtcError } from "../errors.ts";
import { writeError } from "../files/atomic_write.ts";

/** The error for whatever failed while a file was stored; it names the path, also at the peer. */
export function storeError(path: string, error: unknown): SleapRtcError {
  const known = writeError(path, error);
  if (known instanceof SleapRtcError) return known;
  return new SleapRtcError(`Cannot write "${path}": ${messageOf(error)}`, {
    hint: "Look at its disk and try again.",
    cause: error,
  });
}
