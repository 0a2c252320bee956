import type { LocatedModel } from "../registry/located_model.ts";

/** The entry as scripts get it: as stored, with where it is and whether its checkpoint is there. */
export function toJson(model: LocatedModel): Record<string, unknown> {
  return {
    ...model.entry,
    checkpoint_exists: model.checkpointExists,
    ...(model.supervised ? {} : { supervised: false }),
    location: model.location,
  };
}

/** The status as people read it. */
export function statusText(model: LocatedModel): string {
  const { entry, supervised } = model;
  const status = entry.status ?? "unknown";
  if (!supervised) return `${status} (no supervisor)`;
  if (isCheckpointGone(model)) return `${status} (checkpoint gone)`;
  if (status === "interrupted" && entry.running) return `${status} (running)`;
  return status;
}

/** Does the entry name a checkpoint that is not there? */
export function isCheckpointGone({ entry, checkpointExists }: LocatedModel): boolean {
  return Boolean(entry.checkpoint_path) && !checkpointExists;
}
