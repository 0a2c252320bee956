/**
 * What a Python client (0.0.7) asks about files of the worker, one request at a time:
 *
 * ```
 * client → worker   FS_GET_INFO, FS_GET_MOUNTS, USE_WORKER_PATH::{path}
 * worker → client   FS_INFO_RESPONSE::{json}, FS_MOUNTS_RESPONSE::{json}
 *                   WORKER_PATH_OK::{path}, for a .slp then FS_CHECK_VIDEOS_RESPONSE::{json}
 *                   WORKER_PATH_ERROR::{message}, FS_ERROR::{code}::{message}
 * ```
 *
 * @module
 */
import type { Mount } from "./worker_calls.ts";

/** Longest path that is read, in characters. */
const MAX_PATH = 4_096;

/** A request of a client. */
export type LegacyFileRequest =
  | { type: "info" }
  | { type: "mounts" }
  | { type: "use_path"; path: string }
  /** A request of another kind, or one that cannot be read. */
  | { type: "unknown"; name: string };

/** Whether the videos that a labels file names are there. */
export interface LegacyVideos {
  slp_path: string;
  total_videos: number;
  missing: { filename: string; original_path: string }[];
  /** How many are there. */
  accessible: number;
  /** How many lie in the labels file itself. */
  embedded: number;
  /** Why it could not be told. */
  error?: string;
}

/** An answer of a worker. */
export type LegacyFileAnswer =
  | { type: "info"; workerId: string; workingDir: string; mounts: readonly Mount[] }
  | { type: "mounts"; mounts: readonly Mount[] }
  | { type: "path_ok"; path: string }
  | { type: "path_error"; message: string }
  | { type: "videos"; videos: LegacyVideos }
  | { type: "error"; code: "INVALID_REQUEST"; message: string };

/**
 * Read one request.
 *
 * @returns the request, or null for any other text
 */
export function decodeLegacyFileRequest(text: string): LegacyFileRequest | null {
  const [name = "", path] = text.split(/::(.*)/s, 2);
  if (name === "FS_GET_INFO") return { type: "info" };
  if (name === "FS_GET_MOUNTS") return { type: "mounts" };
  if (name === "USE_WORKER_PATH" && path !== undefined && path.length <= MAX_PATH) {
    return { type: "use_path", path };
  }
  return /^(?:FS_[A-Z_]{1,40}|USE_WORKER_PATH)$/.test(name) ? { type: "unknown", name } : null;
}

/** One answer as text. */
export function encodeLegacyFileAnswer(answer: LegacyFileAnswer): string {
  switch (answer.type) {
    case "info": {
      const { workerId: worker_id, workingDir: working_dir, mounts } = answer;
      return `FS_INFO_RESPONSE::${JSON.stringify({ worker_id, working_dir, mounts })}`;
    }
    case "mounts":
      return `FS_MOUNTS_RESPONSE::${JSON.stringify(answer.mounts)}`;
    case "path_ok":
      return `WORKER_PATH_OK::${answer.path}`;
    case "path_error":
      return `WORKER_PATH_ERROR::${answer.message}`;
    case "videos":
      return `FS_CHECK_VIDEOS_RESPONSE::${JSON.stringify(answer.videos)}`;
    case "error":
      return `FS_ERROR::${answer.code}::${answer.message}`;
  }
}
