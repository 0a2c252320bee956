/**
 * A worker's errors as a person at the client reads them.
 *
 * @module
 */
import { SleapRtcError } from "../errors.ts";
import type { JobRejection } from "../protocol/job_submit.ts";
import type { RpcError } from "../protocol/rpc.ts";
import { errorOfExitCode } from "../rtc/rpc_peer/error.ts";
import { shellWords, typedCommand } from "../terminal/typed_command.ts";
import { nameOf, type WorkerPeer } from "./worker_peers.ts";

/** A worker in its room. */
export interface WorkerPlace {
  /** ID of the room. */
  room: string;
  peer: WorkerPeer;
}

/** A worker's answer that it cannot do something. */
export function workerError(error: RpcError, place: WorkerPlace): SleapRtcError {
  const message = `Worker "${nameOf(place.peer)}": ${error.message}`;
  return errorOfExitCode(error.exit_code, message, hintAt(error.hint, place));
}

/** Why a worker does not take a job. */
export function rejectionError(
  errors: readonly JobRejection[],
  place: WorkerPlace,
): SleapRtcError {
  const reasons = errors.map(({ message }) => message).join("; ") || "it gives no reason";
  const message = `The worker does not take the job: ${reasons}`;
  return errorOfExitCode(errors[0]?.exit_code, message, hintAt(errors[0]?.hint, place));
}

/** A worker cannot tell of a watched job any more. */
export function lostError(jobId: string, reason: string, place: WorkerPlace): SleapRtcError {
  return new SleapRtcError(`The worker cannot tell of job ${jobId} any more: ${reason}`, {
    hint: "Its training may go on. Look at the worker's models: " +
      typedCommand(["list-models", ...placeOptions(place)]),
  });
}

/** Options with which a command finds the worker. */
export function placeOptions({ room, peer }: WorkerPlace): string[] {
  return ["--room", room, "--worker", peer.peerId];
}

/** Commands that take these options, with what follows: options, IDs, numbers, `FILE`. */
const COMMAND =
  /\bsleap-rtc (?:jobs [a-z]+|train|track|list-models|model-info|abandon-model|tag-model)(?: (?:--?[a-z][a-z-]*|[A-Z][\w.]*|job_\w+|\d+|[0-9a-f]{8}-\d+|[0-9a-f]{4,})\b)*/g;

/** What the worker tells to type means its own machine; here it needs the worker's place. */
function hintAt(hint: string | undefined, place: WorkerPlace): string | undefined {
  const words = shellWords(placeOptions(place));
  return hint?.replaceAll(COMMAND, (command) => `${command} ${words}`);
}
