import { createHash } from "node:crypto";
import { ConflictError } from "../../lib/errors.ts";
import type { Output } from "../../lib/protocol/job_events.ts";
import { encodeLegacyJob } from "../../lib/protocol/legacy_job.ts";
import type { LegacyLine } from "./line.ts";

/** As Python workers do; what a client takes in one message. */
const CHUNK_BYTES = 32 * 1024;

/**
 * Stream a file to a Python client. Its end is said only if the content is what was recorded: without
 * it clients keep nothing.
 *
 * @param name what clients call it
 * @throws {ConflictError} when the file is another one than was recorded
 * @throws {Deno.errors.NotFound} when it is not there
 * @throws {ConnectionError} when the client is gone
 */
export async function sendFile(
  output: Output,
  name: string,
  line: LegacyLine,
): Promise<void> {
  using file = await Deno.open(output.path);
  if ((await file.stat()).size !== output.bytes) throw changed(output);
  await line.send(encodeLegacyJob({ type: "file_meta", name, bytes: output.bytes, hint: "" }));
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let count = await file.read(chunk); count !== null; count = await file.read(chunk)) {
    hash.update(chunk.subarray(0, count));
    await line.send(chunk.slice(0, count));
  }
  if (hash.digest("hex") !== output.sha256) throw changed(output);
  await line.send(encodeLegacyJob({ type: "end_of_file" }));
}

function changed({ path }: Output): ConflictError {
  return new ConflictError(`"${path}" is not what was written any more`, {
    hint: "Run the job again.",
  });
}
