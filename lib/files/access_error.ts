/**
 * What the operating system says about a path, in words a person can act on.
 *
 * @module
 */
import { dirname } from "node:path";
import { SleapRtcError } from "../errors.ts";
import { errorCode } from "./error_code.ts";

/** The error for a failed read of `path`, saying what to do; what is not known stays as it is. */
export function readError(path: string, error: unknown): unknown {
  if (error instanceof SleapRtcError) return error;
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM" || error instanceof Deno.errors.NotCapable) {
    return new SleapRtcError(`Cannot read "${path}": permission denied`, {
      hint: "Ask for read permission, or choose another folder.",
      cause: error,
    });
  }
  return obstacleError("read", path, error) ?? error;
}

/**
 * The error for a path where a file is in the place of a folder, or a folder in that of a file, or
 * a link leads nowhere; null for any other error.
 */
export function obstacleError(
  action: "read" | "write",
  path: string,
  error: unknown,
): SleapRtcError | null {
  const code = errorCode(error);
  const isAbsent = code === "ENOENT" || code === "ELOOP" || code === "EEXIST";
  const link = isAbsent ? linkToNowhere(path) ?? linkToNowhere(`${path}.tmp`) : null;
  if (link !== null) return linkError(action, path, link);
  const isFolderWanted = code === "ENOTDIR" || code === "EEXIST";
  if (!isFolderWanted && code !== "EISDIR") return null;
  const obstacle = isFolderWanted ? fileAmong(path) : folderOf(path);
  const what = obstacle === path ? "it" : `"${obstacle}"`;
  const kinds = isFolderWanted ? "a file, not a folder" : "a folder, not a file";
  return new SleapRtcError(`Cannot ${action} "${path}": ${what} is ${kinds}`, {
    hint: `Move "${obstacle}" away, or choose another folder.`,
    cause: error,
  });
}

/** The path itself, or the folder above it, that is a link to what is not there; null: none is. */
export function linkToNowhere(path: string): string | null {
  for (let part = path; part !== dirname(part); part = dirname(part)) {
    if (kindOf(part) === null && isLink(part)) return part;
  }
  return null;
}

/** The error for a path where a {@linkcode linkToNowhere} is in the way. */
export function linkError(action: "read" | "write", path: string, link: string): SleapRtcError {
  const what = link === path ? "it" : `"${link}"`;
  return new SleapRtcError(
    `Cannot ${action} "${path}": ${what} is a link to "${
      Deno.readLinkSync(link)
    }", which leads nowhere`,
    { hint: `Mount the disk that it leads to, or remove "${link}".` },
  );
}

/** The path itself, or the folder above it, that is a file. */
function fileAmong(path: string): string {
  for (let part = path; part !== dirname(part); part = dirname(part)) {
    if (kindOf(part) === "file") return part;
  }
  return path;
}

/** The path itself, or its temporary file, that is a folder. */
function folderOf(path: string): string {
  return [path, `${path}.tmp`].find((one) => kindOf(one) === "folder") ?? path;
}

function kindOf(path: string): "file" | "folder" | null {
  try {
    return Deno.statSync(path).isDirectory ? "folder" : "file";
  } catch {
    return null;
  }
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}
