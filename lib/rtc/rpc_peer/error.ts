/**
 * Errors across the wire: what a command would have printed and its exit code, on the other machine.
 *
 * @module
 */
import {
  ConflictError,
  ConnectionError,
  EXIT,
  JobNotSucceededError,
  NotAuthorisedError,
  NotFoundError,
  SleapRtcError,
  type SleapRtcErrorOptions,
  UsageError,
} from "../../errors.ts";
import type { RpcError } from "../../protocol/rpc.ts";

const MAX_TEXT = 4_000;

const CODES: Record<number, string> = {
  [EXIT.usage]: "usage",
  [EXIT.notFound]: "not_found",
  [EXIT.notAuthorised]: "not_authorised",
  [EXIT.connection]: "connection",
  [EXIT.jobNotSucceeded]: "job_not_succeeded",
  [EXIT.conflict]: "conflict",
};

const CLASSES: Record<number, new (text: string, options: SleapRtcErrorOptions) => SleapRtcError> =
  {
    [EXIT.usage]: UsageError,
    [EXIT.notFound]: NotFoundError,
    [EXIT.notAuthorised]: NotAuthorisedError,
    [EXIT.connection]: ConnectionError,
    [EXIT.jobNotSucceeded]: JobNotSucceededError,
    [EXIT.conflict]: ConflictError,
  };

/** An error of ours for the wire; of any other, which is a fault of the program, nothing is told. */
export function toRpcError(error: unknown): RpcError {
  if (!(error instanceof SleapRtcError)) {
    return { code: "internal", message: "Internal error", exit_code: EXIT.failed };
  }
  return {
    code: CODES[error.exitCode] ?? "failed",
    message: error.message.slice(0, MAX_TEXT),
    ...(error.hint === undefined ? {} : { hint: error.hint.slice(0, MAX_TEXT) }),
    exit_code: error.exitCode,
  };
}

/** The peer's error as one of ours, with the same exit code. */
export function fromRpcError(error: RpcError, peerId: string): SleapRtcError {
  return errorOfExitCode(error.exit_code, `Peer "${peerId}": ${error.message}`, error.hint);
}

/** The error of ours that has an exit code; of an unknown or no code the base of all. */
export function errorOfExitCode(
  exitCode: number | undefined,
  message: string,
  hint: string | undefined,
): SleapRtcError {
  const Class = CLASSES[exitCode ?? EXIT.failed] ?? SleapRtcError;
  return new Class(message, hint === undefined ? {} : { hint });
}
