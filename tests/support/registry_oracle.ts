/**
 * What a registry must do, in the simplest terms: a map in memory that tests compare it with.
 *
 * @module
 */
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";

/** A change of one model. */
export type Change =
  | { type: "complete"; id: string }
  | { type: "interrupt"; id: string; epoch: number }
  | { type: "resume"; id: string; job: string }
  | { type: "abandon"; id: string }
  | { type: "alias"; id: string; alias: string; force: boolean }
  | { type: "unalias"; id: string }
  | { type: "note"; id: string; notes: string };

/** What the tests know of a model. */
export interface KnownModel {
  status: string;
  alias: string | null;
  notes: string | null;
  epoch: number | null;
}

/** A registry's models as they must be. */
export class RegistryOracle {
  readonly models = new Map<string, KnownModel>();

  /** A model was registered. */
  register(id: string, alias: string | null): void {
    const isFree = alias !== null && this.holder(alias) === undefined;
    const model = { status: "training", alias: isFree ? alias : null, notes: null, epoch: null };
    this.models.set(id, model);
  }

  /** ID of the model that has an alias. */
  holder(alias: string): string | undefined {
    return [...this.models].find(([, model]) => model.alias === alias)?.[0];
  }

  /**
   * Make a change.
   *
   * @returns whether the registry does it; else it refuses, and all stays as it is
   */
  apply(change: Change): boolean {
    const model = this.models.get(change.id);
    if (model === undefined) return false;
    const isGivenUp = model.status === "abandoned";
    switch (change.type) {
      case "complete":
        if (!isGivenUp) model.status = "completed";
        return !isGivenUp;
      case "interrupt":
        if (isGivenUp || model.status === "completed") return !isGivenUp;
        Object.assign(model, { status: "interrupted", epoch: change.epoch });
        return true;
      case "resume":
        if (model.status === "training") return false;
        model.status = "training";
        return true;
      case "abandon":
        if (isGivenUp) return true;
        if (model.status !== "interrupted") return false;
        model.status = "abandoned";
        return true;
      case "alias": {
        const holder = this.models.get(this.holder(change.alias) ?? change.id);
        if (holder !== model && !change.force) return false;
        if (holder !== undefined && holder !== model) holder.alias = null;
        model.alias = change.alias;
        return true;
      }
      case "unalias":
        model.alias = null;
        return true;
      case "note":
        model.notes = change.notes;
        return true;
    }
  }
}

/** What tests compare of an entry. */
export function knownOf(entry: ModelEntry): KnownModel {
  return {
    status: entry.status ?? "",
    alias: entry.alias ?? null,
    notes: entry.notes ?? null,
    epoch: entry.last_epoch ?? null,
  };
}

/** Make a change in a real registry. */
export async function change(registry: ModelRegistry, what: Change): Promise<void> {
  const { id } = what;
  switch (what.type) {
    case "complete":
      return await registry.markCompleted(id, { best_val_loss: 0.1 });
    case "interrupt":
      return await registry.markInterrupted(id, `models/centroid_${id}/last.ckpt`, what.epoch);
    case "resume":
      return await registry.resume(id, { jobId: what.job, modelIndex: 0, restart: false });
    case "abandon":
      return await registry.abandon(id);
    case "alias":
      return void await registry.setAlias(id, what.alias, { force: what.force });
    case "unalias":
      return void await registry.removeAlias(id);
    case "note":
      return await registry.update(id, (entry) => ({ ...entry, notes: what.notes }));
  }
}
