import { UsageError } from "../../lib/errors.ts";
import type { PlaceOptions } from "./options.ts";

const SPELLINGS = {
  room: "--room",
  worker: "--worker",
  autoSelect: "--auto-select",
  registry: "--registry",
} as const;

/** Options that say where a job runs. */
export interface JobPlaceOptions extends PlaceOptions {
  local?: true | undefined;
  autoSelect?: true | undefined;
}

/**
 * A job runs here or on a worker: refuse options of the other place.
 *
 * @throws {UsageError} naming the option
 */
export function refuseOtherPlace(options: JobPlaceOptions): void {
  const excluded = options.local
    ? ["room", "worker", "autoSelect"] as const
    : ["registry"] as const;
  const given = excluded.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  const what = options.local ? "--local" : "a job on a worker";
  throw new UsageError(`${SPELLINGS[given]} does not go together with ${what}`, {
    hint: "A job runs on this machine (--local) or on a worker of a room.",
  });
}
