/**
 * Deleting a model that no job needs.
 *
 * @module
 */
import { SleapRtcError } from "../../lib/errors.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { refuseRemoval } from "../../lib/registry/transitions.ts";
import { refuseIfNeeded } from "./job_needs.ts";
import { whileNoJobIsWritten } from "./jobs_lock.ts";

/** Options of {@linkcode deleteModel}. */
export interface DeleteOptions {
  /** Leave its folder where it is, without `model.json`. @default {false} */
  keepFiles?: boolean;
}

/** A model that is deleted. */
export interface DeletedModel {
  /** The entry as it was. */
  entry: ModelEntry;
  /** Absolute path of the folder that stays; null: none does. */
  kept: string | null;
}

/**
 * Refuse to delete a model that is trained, or that a job needs.
 *
 * @throws {ConflictError} with the job's ID, and how to end it
 */
export async function assertDeletable(registry: ModelRegistry, entry: ModelEntry): Promise<void> {
  refuseRemoval(entry);
  await refuseIfNeeded(registry.root, entry);
}

/**
 * Delete a model and its folder. Of links only the links are removed, never what they lead to.
 *
 * @param id the whole ID
 * @throws {NotFoundError} for an unknown ID
 * @throws {ConflictError} when it is trained, or a job needs it: nothing is changed then
 * @throws {SleapRtcError} when its files cannot be removed
 */
export async function deleteModel(
  registry: ModelRegistry,
  id: string,
  options: DeleteOptions = {},
): Promise<DeletedModel> {
  const { entry, remains, kept } = await whileNoJobIsWritten(registry.root, async () => {
    const known = await registry.get(id);
    if (known !== null) await assertDeletable(registry, known);
    return await registry.remove(id, options);
  });
  if (remains !== null) await removeForGood(remains);
  return { entry, kept };
}

/**
 * Remove a file or folder that was moved out of the way.
 *
 * @param path absolute
 * @throws {SleapRtcError} when it cannot be removed
 */
export async function removeForGood(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw new SleapRtcError(`Cannot remove "${path}": permission denied, or it is in use`, {
      hint: "It belongs to nothing any more: remove it by hand, or with sleap-rtc registry gc.",
      cause,
    });
  }
}
