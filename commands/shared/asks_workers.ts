import { UsageError } from "../../lib/errors.ts";
import type { PlaceOptions } from "./options.ts";

/**
 * Are the models of workers meant, not of a registry of this machine?
 *
 * @throws {UsageError} when both are named
 */
export function asksWorkers(
  options: PlaceOptions,
): boolean {
  const asksWorkers = options.room !== undefined || options.worker !== undefined;
  if (asksWorkers && options.registry !== undefined) {
    throw new UsageError("--registry does not go together with --room and --worker", {
      hint: "Ask either a folder of this machine or the workers of a room.",
    });
  }
  return asksWorkers;
}
