/**
 * The errors a user can meet, each with the exit code that scripts rely on.
 *
 * @module
 */

/** Exit codes of every command (docs/commands.md). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAuthorised: 4,
  connection: 5,
  jobNotSucceeded: 6,
  conflict: 7,
  interruptedByUser: 130,
} as const;

/** Options of {@linkcode SleapRtcError}. */
export interface SleapRtcErrorOptions {
  /** What the user can do about it, printed as `hint: …`. */
  hint?: string;
  /** The error that caused this one; shown with `--debug`. */
  cause?: unknown;
}

/** Base of all expected errors: `error: message`, `hint: …`, and an exit code. */
export class SleapRtcError extends Error {
  /** Process exit code for this error. */
  readonly exitCode: number = EXIT.failed;
  /** What the user can do about it. */
  readonly hint: string | undefined;

  constructor(message: string, options: SleapRtcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** Wrong options, arguments or configuration file: exit code 2. */
export class UsageError extends SleapRtcError {
  override readonly exitCode = EXIT.usage;
}

/** A model, job, worker or file that does not exist: exit code 3. */
export class NotFoundError extends SleapRtcError {
  override readonly exitCode = EXIT.notFound;
}

/** A peer or server does not accept who we are, or we do not accept who it is: exit code 4. */
export class NotAuthorisedError extends SleapRtcError {
  override readonly exitCode = EXIT.notAuthorised;
}

/** A server or peer cannot be reached, or the connection to it was lost: exit code 5. */
export class ConnectionError extends SleapRtcError {
  override readonly exitCode = EXIT.connection;
}

/** The job ended `failed`, `interrupted` or `cancelled`: exit code 6. */
export class JobNotSucceededError extends SleapRtcError {
  override readonly exitCode = EXIT.jobNotSucceeded;
}

/** A conflict with another process or entry, or corrupt data: exit code 7. */
export class ConflictError extends SleapRtcError {
  override readonly exitCode = EXIT.conflict;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
