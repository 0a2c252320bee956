import { UsageError } from "../../lib/errors.ts";
import { makeFolder } from "../../lib/files/atomic_write.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { findRegistryRoot, type RegistryRoot } from "../../lib/registry/root.ts";
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
  const { root, exists } = await findRoot(option);
  if (!exists && root.found !== "home") {
    writeStderr(`warning: there is no folder "${root.path}"\n`);
  }
  return await ModelRegistry.open(root.path, { create: false });
}

/**
 * The registry that models are brought into; made where there is none. A person's own is for nobody
 * else to read.
 *
 * @param option value of `--registry`
 * @throws {UsageError} when the root is a file
 */
export async function openForAdding(option: string | undefined): Promise<ModelRegistry> {
  const { root } = await findRoot(option);
  if (root.found === "home") await makeFolder(root.path, 0o700);
  return await ModelRegistry.open(root.path);
}

async function findRoot(
  option: string | undefined,
): Promise<{ root: RegistryRoot; exists: boolean }> {
  const root = await findRegistryRoot({ option });
  const info = await Deno.stat(root.path).catch(() => null);
  if (info?.isFile) {
    throw new UsageError(`"${root.path}" is a file, not a folder with models`, {
      hint: "Name the folder that contains models/ with --registry DIR.",
    });
  }
  sayRegistry(root);
  return { root, exists: info !== null };
}
