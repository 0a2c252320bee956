/**
 * Replacing a file so that any crash leaves the old or the new version, whole.
 *
 * @module
 */
import { dirname } from "node:path";
import { SleapRtcError } from "../errors.ts";
import { obstacleError } from "./access_error.ts";
import { errorCode } from "./error_code.ts";

/** Options of {@linkcode writeFileAtomic}. */
export interface WriteFileAtomicOptions {
  /** Permission bits of a new file, e.g. `0o600`. */
  mode?: number;
  /**
   * Keep the version that is replaced under this path, as a hard link: its bytes reached the disk
   * when they were written, so no crash during this write can damage both.
   */
  keepPreviousAs?: string;
}

/**
 * Write `path` by temp file, fsync, rename and fsync of the folder.
 *
 * The caller must be the only writer of `path` (hold its lock): the temp file has the fixed name
 * `<path>.tmp`, so that a killed writer's remains are overwritten by the next one.
 *
 * @throws {SleapRtcError} when the disk is full or the folder cannot be written; `path` is unchanged
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteFileAtomicOptions = {},
): Promise<void> {
  const temp = `${path}.tmp`;
  try {
    await writeSynced(temp, data, options.mode);
    if (options.keepPreviousAs !== undefined) await keepPrevious(path, options.keepPreviousAs);
    await renameReplacing(temp, path);
    await syncFolder(dirname(path));
  } catch (error) {
    const explained = writeError(path, error);
    await Deno.remove(temp).catch(() => {});
    throw explained;
  }
}

/** How file systems without such a call answer it; some network file systems are among them. */
const NO_SUCH_CALL: readonly (string | undefined)[] = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/**
 * Make the names in a folder durable; a no-op where the platform (Windows) or the file system has no
 * such call.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder, { read: true });
  try {
    await handle.sync();
  } catch (error) {
    if (!NO_SUCH_CALL.includes(errorCode(error))) throw error;
  }
}

/** Make the content of a file durable that another program wrote; a missing file is left out. */
export async function syncFile(path: string): Promise<void> {
  try {
    using file = await Deno.open(path, { read: true });
    await file.sync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw writeError(path, error);
  }
}

/** Create a folder and its parents, durably. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    const made = await missingFolders(path);
    await Deno.mkdir(path, { recursive: true, ...(mode === undefined ? {} : { mode }) });
    for (const folder of made) await syncFolder(dirname(folder));
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw obstacleError("write", path, error);
    throw writeError(path, error);
  }
}

async function missingFolders(path: string): Promise<string[]> {
  const missing: string[] = [];
  let folder = path;
  while (await Deno.stat(folder).then(() => false, isNotFound)) {
    missing.unshift(folder);
    folder = dirname(folder);
  }
  return missing;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound;
}

/**
 * Give a file a second name; a copy where the file system has no hard links.
 *
 * @throws {Deno.errors.NotFound} when there is no such file
 * @throws {Deno.errors.AlreadyExists} when `to` exists
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.AlreadyExists) {
      throw error;
    }
    await writeNew(to, await Deno.readFile(from));
  }
}

/** The error for a failed write to `path`, saying what to do. */
export function writeError(path: string, error: unknown): unknown {
  if (error instanceof SleapRtcError) return error;
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SleapRtcError(`Cannot write "${path}": no space left on the disk`, {
      hint: "Free some space and try again; the previous version is unchanged.",
      cause: error,
    });
  }
  if (
    error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
    code === "EROFS" || code === "EACCES"
  ) {
    return new SleapRtcError(`Cannot write "${path}": permission denied or read-only`, {
      hint: "Choose a folder you can write to, or ask for write permission.",
      cause: error,
    });
  }
  // A new file that somebody else made first is in nobody's way.
  if (error instanceof Deno.errors.AlreadyExists) return error;
  return obstacleError("write", path, error) ?? error;
}

async function writeSynced(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  await writeAndSync(path, bytes, {
    create: true,
    truncate: true,
    ...(mode === undefined ? {} : { mode }),
  });
}

/**
 * Write a new file, durably but for its name.
 *
 * @throws {Deno.errors.AlreadyExists} when there is something
 */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await writeAndSync(path, bytes, { createNew: true });
}

async function writeAndSync(
  path: string,
  bytes: Uint8Array,
  options: Deno.OpenOptions,
): Promise<void> {
  using file = await Deno.open(path, { write: true, ...options });
  let written = 0;
  while (written < bytes.length) written += await file.write(bytes.subarray(written));
  await file.sync();
}

async function keepPrevious(path: string, backup: string): Promise<void> {
  const temp = `${backup}.tmp`;
  await Deno.remove(temp).catch(() => {});
  try {
    await linkOrCopy(path, temp);
    await renameReplacing(temp, backup);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw writeError(backup, error);
  } finally {
    // POSIX leaves both names where they are links to the same file.
    await Deno.remove(temp).catch(() => {});
  }
}

/** Windows refuses to replace a file that a scanner has open for a moment. */
async function renameReplacing(from: string, to: string): Promise<void> {
  const attempts = Deno.build.os === "windows" ? 8 : 1;
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.rename(from, to);
    } catch (error) {
      if (attempt >= attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 ** attempt));
    }
  }
}
