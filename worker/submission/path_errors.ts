/**
 * Paths of a client that cannot be used, with what the Python program calls these faults.
 *
 * @module
 */
import { NotFoundError, type SleapRtcErrorOptions, UsageError } from "../../lib/errors.ts";

/** A path that lies in no folder in which clients may name files. */
export class PathNotAllowedError extends UsageError {
  readonly code = "NOT_ALLOWED";
  /** What names the path, e.g. `labels_path`. */
  readonly field: string;

  constructor(field: string, path: string, options: SleapRtcErrorOptions) {
    super(`${field}: "${path}" is not in a folder that the worker allows`, options);
    this.field = field;
  }
}

/** A path at which there is nothing. */
export class PathNotFoundError extends NotFoundError {
  readonly code = "PATH_NOT_FOUND";
  /** What names the path, e.g. `labels_path`. */
  readonly field: string;

  constructor(field: string, path: string, options: SleapRtcErrorOptions) {
    super(`${field}: there is no "${path}" on the worker`, options);
    this.field = field;
  }
}
