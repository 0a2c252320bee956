/**
 * A registry with models in it, made through its own interface.
 *
 * @module
 */
import { join } from "node:path";
import { ModelRegistry, type NewModel } from "../../lib/registry.ts";

/** A folder with a registry; removed at the end of its scope. */
export class RegistryBed {
  readonly folder: string;
  readonly registry: ModelRegistry;

  private constructor(folder: string, registry: ModelRegistry) {
    this.folder = folder;
    this.registry = registry;
  }

  /** An empty registry. */
  static async create(): Promise<RegistryBed> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    return new RegistryBed(folder, await ModelRegistry.open(folder));
  }

  /** Add a model; its ID. */
  async add(model: NewModel): Promise<string> {
    return await this.registry.register(model);
  }

  /** Add a completed model with a checkpoint on disk; its ID. */
  async addCompleted(model: NewModel, loss: number): Promise<string> {
    const path = `models/${model.model_type}_${model.id}/best.ckpt`;
    const id = await this.add({ ...model, checkpoint_path: path });
    await Deno.writeTextFile(join(this.folder, path), "checkpoint");
    await this.registry.markCompleted(id, {
      best_val_loss: loss,
      final_val_loss: loss,
      best_epoch: 4,
      epochs_completed: 5,
    });
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
