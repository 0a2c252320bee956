/**
 * `append_events.ts FILE LENGTH…`: appends a warning of each length and prints its number, or the
 * error where it could not be appended.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { EventWriter } from "../../worker/job_events.ts";

const [path = "", ...lengths] = Deno.args;
const writer = await EventWriter.open(path);
for (const length of lengths) {
  const message = "x".repeat(Number(length));
  const line = await writer.append({ type: "warning", message })
    .then(({ seq }) => `appended ${seq}`, messageOf);
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
await writer.close();
