/**
 * A registry with models in every state, whose files a test damages.
 *
 * @module
 */
import { join } from "node:path";
import { ModelRegistry } from "../../lib/registry.ts";
import { RegistryBed } from "./registry.ts";

/** The models of {@linkcode DamagedRegistry}. */
export const IDS = ["aaaaaaaa", "aaaaaaaa-2", "bbbbbbbb", "cccccccc", "dddddddd"];

/** A registry with models in every state; removed at the end of its scope. */
export class DamagedRegistry {
  /** The root. */
  readonly folder: string;
  readonly #bed: RegistryBed;
  #files = new Map<string, Uint8Array>();

  private constructor(bed: RegistryBed) {
    this.#bed = bed;
    this.folder = bed.folder;
  }

  /** One that is sound as yet. */
  static async create(): Promise<DamagedRegistry> {
    const bed = await RegistryBed.create();
    const { registry } = bed;
    await bed.addCompleted({ id: "aaaaaaaa", model_type: "centroid", alias: "mouse-v1" }, 0.01);
    await bed.add({ id: "aaaaaaaa", model_type: "centroid", run_name: 'zwei "Mäuse" \\ 🐭' });
    await bed.add({ id: "bbbbbbbb", model_type: "bottomup", tags: ["night"], notes: "{[,:" });
    await registry.markInterrupted("bbbbbbbb", "models/bottomup_bbbbbbbb/last.ckpt", 4);
    await bed.add({ id: "cccccccc", model_type: "centered_instance", alias: "fly" });
    await registry.update("cccccccc", (entry) => ({
      ...entry,
      attempts: [{ job_id: "job_1", attempt: 1, first_epoch: 0, last_epoch: 3 }],
      booked: { job_id: "job_1", attempt: 1, seq: 7 },
      checkpoint: { epoch: 3, sha256: "a".repeat(64), bytes: 1_000 },
      metadata: { dataset: "mice.slp" },
    }));
    await bed.add({ id: "dddddddd", model_type: "centroid" });
    await registry.markInterrupted("dddddddd", "models/centroid_dddddddd/last.ckpt", 1);
    await registry.abandon("dddddddd");
    // A backup that lacks nothing: the folders of some models may be on another disk.
    await registry.update("dddddddd", (entry) => ({ ...entry, notes: "last" }));
    const damaged = new DamagedRegistry(bed);
    for await (const { name } of Deno.readDir(damaged.path(""))) {
      damaged.#files.set(name, await Deno.readFile(damaged.path(name)));
    }
    return damaged;
  }

  /** Path of a file of `models/.registry`. */
  path(name: string): string {
    return join(this.folder, "models/.registry", name);
  }

  /** The sound manifest. */
  get manifest(): Uint8Array {
    return this.#files.get("manifest.json") ?? new Uint8Array();
  }

  /** The registry's files as they were before anything was damaged, and no others. */
  async restore(): Promise<void> {
    await Deno.remove(this.path(""), { recursive: true });
    await Deno.mkdir(this.path(""));
    for (const [name, bytes] of this.#files) await Deno.writeFile(this.path(name), bytes);
  }

  /** Names of the files in `models/.registry` that begin so. */
  async names(beginning: string): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(this.path("")));
    return entries.map(({ name }) => name).filter((name) => name.startsWith(beginning)).sort();
  }

  /** A registry without memory of what it read before. */
  async reopen(): Promise<ModelRegistry> {
    return await ModelRegistry.open(this.folder, { create: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bed[Symbol.asyncDispose]();
  }
}
