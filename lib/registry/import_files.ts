/**
 * The files of an imported model in a folder of our own: links to them, or copies.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { SleapRtcError } from "../errors.ts";
import { makeFolder, syncFile, syncFolder, writeError } from "../files/atomic_write.ts";
import { errorCode } from "../files/error_code.ts";
import { isFile } from "../files/file_info.ts";

/** How an imported model's files come into the registry. */
export type ImportMode = "link" | "copy";

/** Files of a folder that is not ours. */
export interface FilesToImport {
  /** Absolute path without links in it. */
  folder: string;
  /** Relative to `folder`, with `/`. */
  files: readonly string[];
  mode: ImportMode;
}

/**
 * Make a folder that holds the files, durably. The folder they come from is only read.
 *
 * @param target absolute path; there is nothing yet
 * @throws {SleapRtcError} when it cannot be written
 */
export async function fillFolder(target: string, what: FilesToImport): Promise<void> {
  const folders = new Set([target, ...what.files.map((file) => dirname(join(target, file)))]);
  for (const folder of folders) await makeFolder(folder);
  for (const file of what.files) {
    await bring(join(what.folder, file), join(target, file), what.mode);
  }
  for (const folder of folders) await syncFolder(folder);
}

/** Bring those files back that are gone from such a folder; a link that dangles is replaced. */
export async function refillFolder(target: string, what: FilesToImport): Promise<void> {
  await makeFolder(target);
  for (const file of what.files) {
    const path = join(target, file);
    if (await isFile(path)) continue;
    await makeFolder(dirname(path));
    await Deno.remove(path).catch(() => {});
    await bring(join(what.folder, file), path, what.mode);
  }
  await syncFolder(target);
}

async function bring(from: string, to: string, mode: ImportMode): Promise<void> {
  try {
    if (mode === "link") return await Deno.symlink(from, to);
    await Deno.copyFile(from, to);
    await syncFile(to);
  } catch (error) {
    if (mode === "link" && isNoLinkError(error)) {
      throw new SleapRtcError(`Cannot make a link "${to}"`, {
        hint: "This file system or user cannot make links: import the model with --copy.",
        cause: error,
      });
    }
    throw writeError(to, error);
  }
}

function isNoLinkError(error: unknown): boolean {
  const codes = ["ENOTSUP", "EOPNOTSUPP", "ENOSYS"];
  return codes.includes(errorCode(error) ?? "") ||
    (Deno.build.os === "windows" && !(error instanceof Deno.errors.NotFound));
}
