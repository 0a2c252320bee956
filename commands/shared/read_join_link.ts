import { UsageError } from "../../lib/errors.ts";
import { readLine } from "../../lib/terminal/input.ts";
import { writeStderr } from "../../lib/terminal/output.ts";

/**
 * A join link from stdin: on a command line other users of the machine could see it.
 *
 * @throws {UsageError} when there is none
 */
export async function readJoinLink(): Promise<string> {
  if (Deno.stdin.isTerminal()) writeStderr("join link: ");
  const line = await readLine();
  if (line !== null) return line;
  throw new UsageError("There is no join link on stdin", {
    hint: "Type or pipe the link that serve or invite printed.",
  });
}
