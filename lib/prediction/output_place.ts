/**
 * The place where predictions are to be, looked at before anything is computed.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../errors.ts";
import { writeError } from "../files/atomic_write.ts";
import { isFolder } from "../files/file_info.ts";
import { assertFree } from "../files/put_in_place.ts";
import { recordPath } from "../protocol/prediction_record.ts";

/** `clip.mp4` → `clip.predictions.slp`, `mice.pkg.slp` → `mice.pkg.predictions.slp`. */
export function predictionsName(dataPath: string): string {
  const name = dataPath.replace(/^.*[\\/]/, "");
  return `${name.replace(/(?<=.)\.[^.]+$/, "")}.predictions.slp`;
}

/**
 * Check that predictions, and their record beside them, can be written.
 *
 * @param path as the user has written it
 * @returns the absolute path
 * @throws {UsageError} when it does not end in `.slp`, or is a folder
 * @throws {NotFoundError} when its folder is not there
 * @throws {ConflictError} when something is there that must not be replaced
 * @throws {SleapRtcError} when the folder cannot be written
 */
export async function checkOutputPlace(
  path: string,
  options: { overwrite: boolean },
): Promise<string> {
  const output = resolve(path);
  if (!output.toLowerCase().endsWith(".slp")) {
    throw new UsageError(`Predictions are a .slp file, not "${basename(output)}"`, {
      hint: `Name it so: --output ${predictionsName(output)}`,
    });
  }
  const folder = dirname(output);
  if (!(await isFolder(folder))) {
    throw new NotFoundError(`Cannot write "${output}": there is no folder "${folder}"`, {
      hint: "Create it first, or choose another place with --output.",
    });
  }
  for (const path of [output, recordPath(output)]) {
    if (await isFolder(path)) {
      throw new UsageError(`Cannot write "${path}": it is a folder`, {
        hint: "Name a file with --output.",
      });
    }
    try {
      await assertFree(path);
    } catch (error) {
      // All else is told, e.g. a name that is too long.
      if (!options.overwrite || !(error instanceof ConflictError)) throw error;
    }
  }
  await assertWritable(folder);
  return output;
}

async function assertWritable(folder: string): Promise<void> {
  const probe = join(folder, `.sleap-rtc-${crypto.randomUUID()}`);
  try {
    (await Deno.open(probe, { write: true, createNew: true })).close();
    await Deno.remove(probe);
  } catch (error) {
    throw writeError(probe, error);
  }
}
