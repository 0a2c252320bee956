/**
 * The model registry: every training is entered before it starts and found by ID ever after.
 *
 * @module
 */
import { isAbsolute, join, relative, sep } from "node:path";
import { NotFoundError, UsageError } from "./errors.ts";
import { makeFolder } from "./files/atomic_write.ts";
import { isFile, isFolder } from "./files/file_info.ts";
import { logger } from "./log.ts";
import type { PyValue } from "./python/value.ts";
import {
  type AliasListing,
  aliasOfNew,
  assignAlias,
  checkFreeAlias,
  listAliases,
} from "./registry/aliases.ts";
import type { ManifestDraft } from "./registry/draft.ts";
import {
  MODEL_STATUSES,
  type ModelEntry,
  type ModelStatus,
  type NewModel,
} from "./registry/entry.ts";
import { deepFreeze } from "./registry/freeze.ts";
import { isBroken, wasBroken, withHistory } from "./registry/history.ts";
import { findKnown, importModel, type ImportResult, type ModelImport } from "./registry/import.ts";
import type { Manifest } from "./registry/manifest.ts";
import { modelFolder } from "./registry/model_folder.ts";
import type { ModelIdentity } from "./registry/model_id.ts";
import { moveOutOfTheWay, ownFolder, removeCopy, type RemovedModel } from "./registry/removal.ts";
import type { ReturnedEntry } from "./registry/rebuild_sources.ts";
import { resolveModel } from "./registry/resolve.ts";
import { ManifestStore, type RebuildReport } from "./registry/store.ts";
import {
  abandon,
  complete,
  interrupt,
  refuseRemoval,
  resume,
  type Resumption,
} from "./registry/transitions.ts";

import type { Verification } from "./registry/verify.ts";

export type { AliasListing, ModelEntry, ModelIdentity, ModelStatus, NewModel };
export { MODEL_STATUSES };

const log = logger("registry");

/** Options of {@linkcode ModelRegistry.open}. */
export interface OpenOptions {
  /** Create the manifest where there is none; otherwise such a root reads as empty. @default {true} */
  create?: boolean;
}

/** Options of {@linkcode ModelRegistry.setAlias}. */
export interface SetAliasOptions {
  /** Take it from the model that has it, with a warning in the log. @default {false} */
  force?: boolean;
}

/** Options of {@linkcode ModelRegistry.remove}. */
export interface RemoveOptions {
  /** Leave its folder where it is. @default {false} */
  keepFiles?: boolean;
}

/** What {@linkcode ModelRegistry.rebuild} did. */
export interface RebuildOutcome extends RebuildReport {
  /** Entries that the manifest did not have, or had in an older version. */
  returned: ReturnedEntry[];
}

/** Which entries {@linkcode ModelRegistry.list} gives; all that are set must fit. */
export interface ListFilters {
  status?: ModelStatus;
  /** E.g. `centroid`. */
  modelType?: string;
}

/**
 * The models of one root folder, kept in `models/.registry/manifest.json`.
 *
 * Every change is on disk, fsync included, when its promise resolves. Several processes may use one
 * root at the same time: changes are made under a lock on the newest version. Entries that are
 * given out are frozen: they are what the next reader gets, too.
 *
 * @example Register a model and find it
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const root = await Deno.makeTempDir();
 * const registry = await ModelRegistry.open(root);
 * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
 * await registry.markCompleted(id, { final_val_loss: 0.001, epochs_completed: 5 });
 * assert((await registry.get("a3f5e8c9"))?.status === "completed");
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export class ModelRegistry {
  /** The folder that contains `models/`, absolute. */
  readonly root: string;
  readonly #store: ManifestStore;

  private constructor(root: string) {
    this.root = root;
    this.#store = new ManifestStore(root);
  }

  /**
   * Open the registry of a root folder (1.1.1); creates it, and repairs a damaged one, unless told
   * otherwise.
   *
   * @param root folder that contains, or will contain, `models/`
   * @throws {SleapRtcError} when the manifest cannot be created there
   *
   * @example Look without creating anything
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root, { create: false });
   * assert((await registry.list()).length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  static async open(root: string, options: OpenOptions = {}): Promise<ModelRegistry> {
    const registry = new ModelRegistry(isAbsolute(root) ? root : join(Deno.cwd(), root));
    if (options.create ?? true) {
      await registry.#store.create();
      await registry.#store.read();
    }
    return registry;
  }

  /**
   * Compute the ID that a model asks for: the same configuration, labels and run name give the same
   * ID on every machine and in Python (1.1.4).
   *
   * @param config the configuration as given, read by `parseYaml` or `parseJson`
   * @param labelsPath path of the labels file; where it cannot be opened, the text itself is hashed
   * @param runName name of the run
   * @throws {UsageError} when the configuration names no heads
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { parseYaml } from "./python/yaml.ts";
   *
   * const config = parseYaml("model_config: {head_configs: {centroid: {}}}");
   * const { id, fullHash } = await ModelRegistry.generateModelId(config, "mice.slp", "run1");
   * assert(id.length === 8 && fullHash.startsWith(id));
   * ```
   */
  static async generateModelId(
    config: PyValue,
    labelsPath: string,
    runName: string,
  ): Promise<ModelIdentity> {
    // Loaded here: whoever only lists models reads no configuration.
    const { generateModelId } = await import("./registry/model_id.ts");
    return await generateModelId(config, labelsPath, runName);
  }

  /**
   * Add a model with status `training` and create its folder (1.2.1).
   *
   * A taken ID gets the suffix `-2`, `-3`, … and a warning in the log. An `alias` that is taken is
   * left out, with a warning in the log. Repeating the call for the
   * same `job_id` and `model_index` adds nothing and gives the same ID.
   *
   * @param info the entry; `id` is the wish, 8 hex digits; the object is not changed
   * @returns the final ID
   * @throws {UsageError} when ID or type are not what a folder can be named after, or the alias is
   *   none
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const first = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * const second = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * assert(first === "a3f5e8c9" && second === "a3f5e8c9-2");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async register(info: NewModel): Promise<string> {
    checkNewModel(info);
    return await this.#store.change(async (draft) => {
      const known = findByJob(draft.manifest, info);
      if (known !== undefined) return known.id;
      const id = await this.#freeId(draft.manifest, info);
      draft.put({
        id,
        full_hash: null,
        run_name: null,
        model_type: info.model_type,
        status: "training",
        training_job_hash: null,
        created_at: new Date().toISOString(),
        completed_at: null,
        checkpoint_path: null,
        config_path: null,
        metrics: null,
        metadata: null,
        ...withoutId(info),
        alias: aliasOfNew(draft.manifest, id, info.alias ?? null),
      });
      await makeFolder(join(this.root, modelFolder(info.model_type, id)));
      draft.count("registered");
      if (id !== info.id) {
        draft.count("collisions");
        log.warn(`ID ${info.id} is taken: this ${info.model_type} model is registered as ${id}`);
      }
      log.info(`registered ${info.model_type} model ${id}`);
      return id;
    });
  }

  /**
   * Take a model in that was trained elsewhere: its files, as links or copies, into a folder of its
   * own, and an entry. The folder that they come from is only read. Repeatable; a taken ID gets a
   * suffix, and an alias that is taken is left out, both with a warning in the log.
   *
   * @param what the files, and what is known of the model; `what.entry.id` is the wish
   * @throws {ConflictError} when the folder was imported before and its checkpoint is another one now
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const folder = await Deno.makeTempDir();
   * await Deno.writeTextFile(`${folder}/best.ckpt`, "");
   * await Deno.writeTextFile(`${folder}/training_config.yaml`, "");
   * const registry = await ModelRegistry.open(root);
   * const { id, outcome } = await registry.importModel({
   *   folder,
   *   files: ["best.ckpt", "training_config.yaml"],
   *   mode: "link",
   *   entry: { id: "a3f5e8c9", model_type: "centroid" },
   *   checkpoint: "best.ckpt",
   *   lastCheckpoint: null,
   *   config: "training_config.yaml",
   *   sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
   * });
   * assert(id === "a3f5e8c9" && outcome === "imported");
   * await Deno.remove(root, { recursive: true });
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  async importModel(what: ModelImport): Promise<ImportResult> {
    checkNewModel({ ...what.entry, id: what.entry.id.replace(/-\d+$/, "") });
    return await importModel(this.root, this.#store, what);
  }

  /**
   * The entry of a model that {@linkcode ModelRegistry.importModel} would not add again.
   *
   * @returns null: it is new
   * @throws {ConflictError} when the folder was imported before and its checkpoint is another one now
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const found = await registry.findImported({
   *   folder: "/old/centroid",
   *   files: ["best.ckpt", "training_config.yaml"],
   *   mode: "link",
   *   entry: { id: "a3f5e8c9", model_type: "centroid" },
   *   checkpoint: "best.ckpt",
   *   lastCheckpoint: null,
   *   config: "training_config.yaml",
   *   sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
   * });
   * assert(found === null);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async findImported(what: ModelImport): Promise<ModelEntry | null> {
    const found = await findKnown(this.root, await this.#store.read(), what);
    return found === null ? null : deepFreeze(found);
  }

  /**
   * The entry of an ID (1.2.2).
   *
   * @param id the whole ID
   * @returns the entry, or null where there is none
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * assert(await registry.get("00000000") === null);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async get(id: string): Promise<ModelEntry | null> {
    const { models } = await this.#store.read();
    const entry = Object.hasOwn(models, id) ? models[id] : undefined;
    return entry === undefined ? null : deepFreeze(entry);
  }

  /**
   * The model that a person means: an ID, an alias or an unambiguous prefix of an ID of at least 4
   * characters, tried in this order.
   *
   * @param name what was typed
   * @throws {NotFoundError} when no model, or more than one, fits, or an alias is a gone model's
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * assert((await registry.resolve("a3f5")).id === "a3f5e8c9");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async resolve(name: string): Promise<ModelEntry> {
    return deepFreeze(resolveModel(await this.#store.read(), name));
  }

  /**
   * The entries that fit all filters, newest first (1.2.3).
   *
   * @param filters none: all entries
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * assert((await registry.list({ status: "training" })).length === 1);
   * assert((await registry.list({ modelType: "bottomup" })).length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async list(filters: ListFilters = {}): Promise<ModelEntry[]> {
    const { models } = await this.#store.read();
    return Object.values(models)
      .filter((entry) => filters.status === undefined || entry.status === filters.status)
      .filter((entry) => filters.modelType === undefined || entry.model_type === filters.modelType)
      .map((entry) => ({ entry, created: Date.parse(entry.created_at ?? "") || 0 }))
      .sort((a, b) => b.created - a.created)
      .map(({ entry }) => deepFreeze(entry));
  }

  /**
   * Mark a model as completed (1.2.4). Its ID leaves the list of interrupted models.
   *
   * @param id the whole ID
   * @param metrics replaces the entry's: `final_val_loss`, `best_val_loss`, `best_epoch` (0-based),
   *   `epochs_completed` (a count)
   * @throws {NotFoundError} for an unknown ID
   * @throws {ConflictError} when the model is failed or abandoned
   *
   * @example
   * ```ts
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markCompleted(id, { final_val_loss: 0.001, epochs_completed: 5 });
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async markCompleted(id: string, metrics: Record<string, unknown>): Promise<void> {
    await this.update(id, (entry) => complete(entry, metrics, new Date().toISOString()));
  }

  /**
   * Mark a model as interrupted (1.2.5); repeatable. A completed model stays completed.
   *
   * @param id the whole ID
   * @param checkpointPath newest complete checkpoint, absolute or relative to the root
   * @param epoch 0-based index of the last finished epoch
   * @throws {UsageError} when path or epoch are none
   * @throws {NotFoundError} for an unknown ID
   * @throws {ConflictError} when the model is failed or abandoned
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 37);
   * assert((await registry.get(id))?.last_epoch === 37);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async markInterrupted(id: string, checkpointPath: string, epoch: number): Promise<void> {
    checkInterruption(id, checkpointPath, epoch);
    const what = { checkpointPath: this.storedPath(checkpointPath), epoch };
    await this.update(id, (entry) => interrupt(entry, what, new Date().toISOString()));
  }

  /**
   * The interrupted models whose checkpoint is there, in the order in which they were interrupted
   * (1.2.6).
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * assert((await registry.getInterrupted()).length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async getInterrupted(): Promise<ModelEntry[]> {
    const { interrupted, models } = await this.#store.read();
    const entries = [...new Set([...interrupted, ...Object.keys(models)])]
      .flatMap((id) => Object.hasOwn(models, id) ? models[id] ?? [] : [])
      .filter((entry) => entry.status === "interrupted");
    const present = await Promise.all(entries.map((entry) => this.checkpointExists(entry)));
    return entries.filter((_, index) => present[index]).map(deepFreeze);
  }

  /**
   * Absolute path of a model's checkpoint (1.2.7). A file that is gone is a warning in the log; the
   * path is given all the same.
   *
   * @param id the whole ID
   * @throws {NotFoundError} for an unknown ID, or a model that has no checkpoint yet
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 37);
   * assert((await registry.getCheckpointPath(id)).startsWith(root));
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async getCheckpointPath(id: string): Promise<string> {
    const entry = await this.get(id);
    if (entry === null) throw unknownId(id);
    if (!entry.checkpoint_path) {
      throw new NotFoundError(`Model ${id} has no checkpoint`, {
        hint: `Its state: sleap-rtc model-info ${id}`,
      });
    }
    const path = this.absolutePath(entry.checkpoint_path);
    if (!(await isFile(path))) log.warn(`checkpoint of model ${id} is gone: ${path}`);
    return path;
  }

  /**
   * Is the file of an entry's checkpoint there?
   *
   * @param entry as {@linkcode ModelRegistry.get} or `list` gives it
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * assert(await registry.checkpointExists(await registry.resolve(id)) === false);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async checkpointExists(entry: ModelEntry): Promise<boolean> {
    if (!entry.checkpoint_path) return false;
    return await isFile(this.absolutePath(entry.checkpoint_path));
  }

  /**
   * Change one entry under the lock, on its newest version.
   *
   * @param id the whole ID
   * @param change gives the new entry, or the same object where nothing changes
   * @throws {NotFoundError} for an unknown ID
   *
   * @example
   * ```ts
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.update(id, (entry) => ({ ...entry, notes: "first try" }));
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async update(id: string, change: (entry: ModelEntry) => ModelEntry): Promise<void> {
    await this.#store.change((draft) => {
      const { models } = draft.manifest;
      const entry = Object.hasOwn(models, id) ? models[id] : undefined;
      if (entry === undefined) throw unknownId(id);
      const changed = change(deepFreeze(entry));
      if (changed === entry) return;
      draft.put({ ...withHistory(entry, changed, new Date().toISOString()), id });
      draft.count("updated");
      if (changed.status !== entry.status) countTransition(draft, entry, changed);
      else log.debug(`updated model ${id}`);
    });
  }

  /**
   * Take an ended model up again: its status becomes `training`. Repeatable for the same job.
   *
   * @param id the whole ID
   * @param what the job, and whether it begins from epoch 0: the checkpoint then leaves the entry
   * @throws {NotFoundError} for an unknown ID
   * @throws {ConflictError} while the model is trained
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 37);
   * await registry.resume(id, { jobId: "job_00000001", modelIndex: 0, restart: false });
   * assert((await registry.get(id))?.status === "training");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async resume(id: string, what: Resumption): Promise<void> {
    await this.update(id, (entry) => resume(entry, what));
  }

  /**
   * Give an interrupted or failed model up: it leaves the list of interrupted models, its files
   * stay. Repeatable.
   *
   * @param id the whole ID
   * @throws {NotFoundError} for an unknown ID
   * @throws {ConflictError} while the model is trained, or when it is completed
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markInterrupted(id, "models/centroid_a3f5e8c9/last.ckpt", 37);
   * await registry.abandon(id);
   * assert((await registry.getInterrupted()).length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async abandon(id: string): Promise<void> {
    await this.update(id, abandon);
  }

  /**
   * Take a model out of the registry for good: its `model.json` first, then its entry and alias in
   * one save, then its folder is moved out of the way. No crash brings it back. Whether a job needs
   * it is for the caller to know.
   *
   * @param id the whole ID
   * @returns the entry, and where the files are that are left to remove
   * @throws {NotFoundError} for an unknown ID
   * @throws {ConflictError} while the model is trained
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * const id = await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.markCompleted(id, {});
   * const { remains } = await registry.remove(id);
   * assert(await registry.get(id) === null && remains !== null);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async remove(id: string, { keepFiles = false }: RemoveOptions = {}): Promise<RemovedModel> {
    const entry = await this.#store.change(async (draft) => {
      const { models } = draft.manifest;
      const known = Object.hasOwn(models, id) ? models[id] : undefined;
      if (known === undefined) throw unknownId(id);
      refuseRemoval(known);
      const folder = ownFolder(this.root, known);
      if (folder !== null) await removeCopy(folder);
      draft.remove(id);
      draft.count("deleted");
      return known;
    });
    log.info(`deleted model ${id}`);
    return await this.#removeFolder(entry, keepFiles);
  }

  /** Under the lock, as in `register`: the ID may be another model's by now. */
  async #removeFolder(entry: ModelEntry, keepFiles: boolean): Promise<RemovedModel> {
    const folder = ownFolder(this.root, entry);
    if (folder === null) return { entry, remains: null, kept: null };
    if (keepFiles) return { entry, remains: null, kept: await isFolder(folder) ? folder : null };
    return await this.#store.change(async ({ manifest }) => {
      const isTaken = Object.hasOwn(manifest.models, entry.id);
      return { entry, remains: isTaken ? null : await moveOutOfTheWay(folder), kept: null };
    });
  }

  /**
   * Give a model an alias, in place of the one it has.
   *
   * @param name ID, alias or prefix of the model
   * @param alias 1 to 64 letters, digits, dashes and underscores
   * @returns ID of the model from which it was taken; null: it was free
   * @throws {UsageError} when it is no alias
   * @throws {NotFoundError} when no model, or more than one, fits `name`
   * @throws {ConflictError} when another model has it, without `force`
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * await registry.setAlias("a3f5e8c9", "mouse-v2");
   * assert((await registry.resolve("mouse-v2")).id === "a3f5e8c9");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async setAlias(
    name: string,
    alias: string,
    { force = false }: SetAliasOptions = {},
  ): Promise<string | null> {
    return await this.#store.change((draft) => {
      const entry = resolveModel(draft.manifest, name);
      return assignAlias(draft, entry, alias, force);
    });
  }

  /**
   * Take a model's alias away; the model stays.
   *
   * @param name ID, alias or prefix of the model
   * @returns the alias that it had; null: none
   * @throws {NotFoundError} when no model, or more than one, fits `name`
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid", alias: "mouse" });
   * assert(await registry.removeAlias("mouse") === "mouse");
   * assert((await registry.aliases()).length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async removeAlias(name: string): Promise<string | null> {
    return await this.#store.change((draft) => {
      const entry = resolveModel(draft.manifest, name);
      if (entry.alias) draft.put({ ...entry, alias: null });
      return entry.alias ?? null;
    });
  }

  /**
   * All aliases in alphabetical order, with the models that they name.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid", alias: "mouse" });
   * const [first] = await registry.aliases();
   * assert(first?.alias === "mouse" && first.id === "a3f5e8c9" && first.modelType === "centroid");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async aliases(): Promise<AliasListing[]> {
    return listAliases(await this.#store.read());
  }

  /**
   * Check, before anything is started, that a new model could have an alias.
   *
   * @throws {UsageError} when it is none
   * @throws {ConflictError} when a model has it
   *
   * @example
   * ```ts
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.checkFreeAlias("mouse-v2");
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async checkFreeAlias(alias: string): Promise<void> {
    checkFreeAlias(await this.#store.read(), alias);
  }

  /**
   * How often what was done, by name: `registered`, `updated`, `collisions`, `deleted`, `completed`,
   * `interrupted`, `resumed` (after it had broken off), `recovered` (completed after that),
   * `manifest_recovered` (the counters may then be too low), …
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * await registry.register({ id: "a3f5e8c9", model_type: "centroid" });
   * assert((await registry.stats())["registered"] === 1);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async stats(): Promise<Readonly<Record<string, number>>> {
    return { ...(await this.#store.read()).stats };
  }

  /**
   * Compare the registry with what is on the disk. Nothing is changed, and nothing repaired.
   *
   * @returns what is wrong, and what to do about it
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * assert((await registry.verify()).faults.length === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async verify(): Promise<Verification> {
    const { verifyRegistry } = await import("./registry/verify.ts");
    return await verifyRegistry(this.root);
  }

  /**
   * Rebuild the manifest from itself, its backup and the `model.json` of every model folder; copies
   * of entries that are missing or differ are written again.
   *
   * @returns how many entries there are now, which of them came back, and where a damaged manifest
   *   was kept
   * @throws {ConflictError} when a newer program wrote the manifest
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const root = await Deno.makeTempDir();
   * const registry = await ModelRegistry.open(root);
   * assert((await registry.rebuild()).models === 0);
   * await Deno.remove(root, { recursive: true });
   * ```
   */
  async rebuild(): Promise<RebuildOutcome> {
    const { readSources, returnedEntries, writeCopies } = await import(
      "./registry/rebuild_sources.ts"
    );
    const before = await readSources(this.root);
    const report = await this.#store.rebuild();
    const after = await this.#store.change(async ({ manifest }) => {
      await writeCopies(this.root, manifest);
      return Object.values(manifest.models);
    });
    return { ...report, returned: returnedEntries(before, after) };
  }

  /**
   * Absolute form of a path as stored in an entry.
   *
   * @param stored relative to the root with `/`, or absolute
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const registry = await ModelRegistry.open("/lab", { create: false });
   * assert(registry.absolutePath("models/a/best.ckpt") === "/lab/models/a/best.ckpt");
   * ```
   */
  absolutePath(stored: string): string {
    return isAbsolute(stored) ? stored : join(this.root, stored);
  }

  /**
   * Form in which a path is stored: relative to the root with `/`, absolute where it lies outside.
   *
   * @param path absolute, or relative to the root
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   *
   * const registry = await ModelRegistry.open("/lab", { create: false });
   * assert(registry.storedPath("/lab/models/a/best.ckpt") === "models/a/best.ckpt");
   * assert(registry.storedPath("/elsewhere/best.ckpt") === "/elsewhere/best.ckpt");
   * ```
   */
  storedPath(path: string): string {
    if (!isAbsolute(path)) return path.replaceAll(sep, "/");
    const inside = relative(this.root, path);
    const isOutside = inside.startsWith("..") || isAbsolute(inside);
    return isOutside ? path : inside.replaceAll(sep, "/");
  }

  async #freeId(manifest: Manifest, info: NewModel): Promise<string> {
    for (let n = 1;; n++) {
      const id = n === 1 ? info.id : `${info.id}-${n}`;
      const isTaken = Object.hasOwn(manifest.models, id) ||
        await hasFiles(join(this.root, modelFolder(info.model_type, id)));
      if (!isTaken) return id;
    }
  }
}

function checkNewModel(info: NewModel): void {
  if (!/^[0-9a-f]{8}$/.test(info.id)) {
    throw new UsageError(`Cannot register a model as "${info.id}": an ID has 8 hex digits`);
  }
  if (!/^[A-Za-z0-9_]{1,64}$/.test(info.model_type)) {
    throw new UsageError(`Cannot register a model of type "${info.model_type}"`, {
      hint: "A model type has only letters, digits and underscores.",
    });
  }
}

function checkInterruption(id: string, checkpointPath: string, epoch: number): void {
  if (checkpointPath.trim() === "" || checkpointPath.includes("\0")) {
    throw new UsageError(
      `Cannot mark model ${id} as interrupted: ${JSON.stringify(checkpointPath)} is no path`,
      { hint: "Give the path of its newest complete checkpoint." },
    );
  }
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new UsageError(`Cannot mark model ${id} as interrupted: ${epoch} is no epoch`, {
      hint: "An epoch is a whole number, counted from 0.",
    });
  }
}

function withoutId({ id: _, ...rest }: NewModel): Partial<ModelEntry> {
  return rest;
}

function findByJob(manifest: Manifest, info: NewModel): ModelEntry | undefined {
  if (!info.job_id || typeof info.model_index !== "number") return undefined;
  return Object.values(manifest.models).find((entry) =>
    entry.job_id === info.job_id && entry.model_index === info.model_index
  );
}

function countTransition(draft: ManifestDraft, before: ModelEntry, after: ModelEntry): void {
  draft.count(String(after.status));
  const isTakenUp = after.status === "training" && after.job_id !== before.job_id;
  if (isTakenUp && isBroken(before.status)) draft.count("resumed");
  if (after.status === "completed" && wasBroken(before)) draft.count("recovered");
  log.info(`model ${after.id} is ${after.status}${after.running ? " (still running)" : ""}`);
}

function unknownId(id: string): NotFoundError {
  return new NotFoundError(`No model "${id}" in this registry`, {
    hint: "All models: sleap-rtc list-models",
  });
}

/** What is not empty belongs to a model, even to one the manifest does not know. */
async function hasFiles(folder: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(folder)) return true;
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.NotADirectory) return true;
    throw error;
  }
}
