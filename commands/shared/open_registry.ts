import { UsageError } from "../../lib/errors.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { findRegistryRoot } from "../../lib/registry/root.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import { sayRegistry } from "./options.ts";

/**
 * The registry that a reading command means. Creates nothing; says on stderr which one it is unless
 * it was named, and where a named folder does not exist.
 *
 * @param option value of `--registry`
 * @throws {UsageError} when the root is a file
 */
export async function openForReading(option: string | undefined): Promise<ModelRegistry> {
  const root = await findRegistryRoot({ option });
  const info = await Deno.stat(root.path).catch(() => null);
  if (info?.isFile) {
    throw new UsageError(`"${root.path}" is a file, not a folder with models`, {
      hint: "Name the folder that contains models/ with --registry DIR.",
    });
  }
  sayRegistry(root);
  if (info === null && root.found !== "home") {
    writeStderr(`warning: there is no folder "${root.path}"\n`);
  }
  return await ModelRegistry.open(root.path, { create: false });
}
