/**
 * Taking a model into the registry that was trained elsewhere.
 *
 * @module
 */
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { ConflictError } from "../errors.ts";
import { syncFolder, writeFileAtomic } from "../files/atomic_write.ts";
import { isFile, readTextOrNull } from "../files/file_info.ts";
import { sha256File } from "../files/hash.ts";
import { FileLock } from "../files/lock.ts";
import { logger } from "../log.ts";
import { aliasOfNew } from "./aliases.ts";
import type { ManifestDraft } from "./draft.ts";
import type { ModelEntry, NewModel } from "./entry.ts";
import { type FilesToImport, fillFolder, refillFolder } from "./import_files.ts";
import type { Manifest } from "./manifest.ts";
import { entryFolder, MODEL_JSON, modelFolder, modelFolderName } from "./model_folder.ts";
import type { ManifestStore } from "./store.ts";

const log = logger("registry");

/** `source` of models that were imported. */
export const IMPORTED = "local-import";
/** Where a model is put together before it has its ID; one import at a time. */
const STAGE = ".import";

/** A model that is to be imported. */
export interface ModelImport extends FilesToImport {
  /** What is known of it; `id` is the wish. Its paths are set by the import. */
  entry: NewModel;
  /** Names in `files`. */
  checkpoint: string;
  lastCheckpoint: string | null;
  config: string;
  /** SHA-256 of the checkpoint, 64 hex digits. */
  sha256: string;
}

/** What became of an import. */
export interface ImportResult {
  id: string;
  /** `known`: it was there before; `repaired`: so it was, but its files were gone. */
  outcome: "imported" | "known" | "repaired";
}

/**
 * Import a model: its files first, then its entry. Importing the same model again changes nothing; a
 * model whose files are gone gets them back.
 *
 * @throws {ConflictError} when the folder was imported before and its checkpoint is another one now
 * @throws {SleapRtcError} when the registry cannot be written
 */
export async function importModel(
  root: string,
  store: ManifestStore,
  what: ModelImport,
): Promise<ImportResult> {
  await store.create();
  const models = join(root, "models");
  using _lock = await FileLock.acquire(join(models, ".registry", "import.lock"));
  const known = await findKnown(root, await store.read(), what);
  if (known !== null) return await useKnown(root, store, known, what);
  await refuseLost(models, what);
  const stage = join(models, STAGE);
  await Deno.remove(stage, { recursive: true }).catch(() => {});
  const place = new Place(stage);
  try {
    await fillFolder(stage, what);
    await checkCopy(stage, what);
    return { id: await enter(root, store, place, what), outcome: "imported" };
  } catch (error) {
    // A manifest that was replaced is valid, even where its folder could not be synced.
    const { models } = await store.read();
    const isEntered = Object.values(models).some((entry) =>
      join(root, entryFolder(entry) ?? "") === place.path
    );
    if (!isEntered) await Deno.remove(place.path, { recursive: true }).catch(() => {});
    throw error;
  }
}

/** Where a new model's folder is: the change of the manifest may be made more than once. */
class Place {
  path: string;

  constructor(path: string) {
    this.path = path;
  }

  async moveTo(target: string): Promise<void> {
    if (this.path === target) return;
    await Deno.rename(this.path, target);
    this.path = target;
    await syncFolder(dirname(target));
  }
}

async function enter(
  root: string,
  store: ManifestStore,
  place: Place,
  what: ModelImport,
): Promise<string> {
  return await store.change(async (draft) => {
    const id = await freeId(root, draft, place, what);
    const folder = modelFolder(what.entry.model_type, id);
    const entry = entryOf(draft, id, folder, what);
    await writeFileAtomic(join(place.path, MODEL_JSON), `${JSON.stringify(entry, null, 2)}\n`);
    await place.moveTo(join(root, folder));
    draft.put(entry);
    draft.count("imported");
    if (id !== what.entry.id) {
      draft.count("collisions");
      log.warn(`ID ${what.entry.id} is taken: this model is imported as ${id}`);
    }
    log.info(`imported ${what.entry.model_type} model ${id} from ${JSON.stringify(what.folder)}`);
    return id;
  });
}

function entryOf(
  draft: ManifestDraft,
  id: string,
  folder: string,
  { entry, checkpoint, lastCheckpoint, config, folder: from, mode }: ModelImport,
): ModelEntry {
  const now = new Date().toISOString();
  return {
    full_hash: null,
    run_name: null,
    status: "completed",
    training_job_hash: null,
    created_at: now,
    completed_at: null,
    metrics: null,
    metadata: null,
    ...entry,
    id,
    alias: aliasOfNew(draft.manifest, id, entry.alias ?? null),
    source: IMPORTED,
    imported_at: now,
    imported_from: { folder: from, mode, host: hostname() },
    checkpoint_path: `${folder}/${checkpoint}`,
    last_checkpoint_path: `${folder}/${lastCheckpoint ?? checkpoint}`,
    config_path: `${folder}/${config}`,
  };
}

/** The wished ID, else its 8 digits with the first suffix that is free. */
async function freeId(
  root: string,
  draft: ManifestDraft,
  place: Place,
  what: ModelImport,
): Promise<string> {
  const digits = what.entry.id.slice(0, 8);
  for (let n = 0;; n++) {
    const id = n === 0 ? what.entry.id : n === 1 ? digits : `${digits}-${n}`;
    if (Object.hasOwn(draft.manifest.models, id)) continue;
    const folder = join(root, modelFolder(what.entry.model_type, id));
    if (folder === place.path || await isFree(folder, what)) return id;
  }
}

/** A folder that an import of the same model left when it was killed is in nobody's way. */
async function isFree(folder: string, what: ModelImport): Promise<boolean> {
  const info = await Deno.lstat(folder).catch(() => null);
  if (info === null) return true;
  if (!info.isDirectory) return false;
  const left = await readTextOrNull(join(folder, MODEL_JSON)).catch(() => null);
  const isEmpty = (await Array.fromAsync(Deno.readDir(folder))).length === 0;
  if (!isEmpty && (left === null || !isOfImport(left, what.folder))) return false;
  await Deno.remove(folder, { recursive: true });
  return true;
}

function isOfImport(modelJson: string, folder: string): boolean {
  try {
    return JSON.parse(modelJson)?.imported_from?.folder === folder;
  } catch {
    return false;
  }
}

/**
 * The entry of the same model: the folder itself, what was imported from it, or its equal.
 *
 * @throws {ConflictError} when the folder was imported before and its checkpoint is another one now
 */
export async function findKnown(
  root: string,
  { models }: Manifest,
  what: ModelImport,
): Promise<ModelEntry | null> {
  const entries = Object.values(models);
  for (const entry of entries) {
    const own = entryFolder(entry);
    if (own !== null && basename(own) === basename(what.folder)) {
      const real = await Deno.realPath(join(root, own)).catch(() => null);
      if (real === what.folder) return entry;
    }
  }
  const from = entries.filter(({ source, imported_from }) =>
    source === IMPORTED && imported_from?.folder === what.folder
  );
  const same = from.find(({ checkpoint }) => checkpoint?.sha256 === what.sha256);
  if (same !== undefined) return same;
  const linked = from.find(({ imported_from }) => imported_from?.mode === "link");
  if (linked !== undefined) throw changedError(linked, what);
  const digits = what.entry.id.slice(0, 8);
  return entries.find(({ id, checkpoint }) =>
    id.slice(0, 8) === digits && checkpoint?.sha256 === what.sha256
  ) ?? null;
}

async function useKnown(
  root: string,
  store: ManifestStore,
  entry: ModelEntry,
  what: ModelImport,
): Promise<ImportResult> {
  const { id, checkpoint_path, source } = entry;
  const folder = entryFolder(entry);
  const isThere = !checkpoint_path || await isFile(join(root, checkpoint_path));
  if (isThere || source !== IMPORTED || folder === null) return { id, outcome: "known" };
  await refillFolder(join(root, folder), what);
  await store.change((draft) => {
    const now = draft.manifest.models[id];
    if (now === undefined) return;
    const imported_from = { folder: what.folder, mode: what.mode, host: hostname() };
    draft.put({ ...now, imported_from, imported_at: new Date().toISOString() });
  });
  log.info(`brought the files of model ${id} back from ${JSON.stringify(what.folder)}`);
  return { id, outcome: "repaired" };
}

/** What was copied must be what was looked at. */
async function checkCopy(stage: string, what: ModelImport): Promise<void> {
  if (what.mode === "link") return;
  if (await sha256File(join(stage, what.checkpoint)) === what.sha256) return;
  throw new ConflictError(`"${join(what.folder, what.checkpoint)}" changed while it was copied`, {
    hint: "Wait until nothing writes to that folder any more, then import it again.",
  });
}

/** A folder of this registry whose entry is gone comes back as what it was. */
async function refuseLost(models: string, { folder, entry }: ModelImport): Promise<void> {
  if (dirname(folder) !== await Deno.realPath(models)) return;
  const isOurs = basename(folder) === modelFolderName(entry.model_type, entry.id);
  if (!isOurs || !(await isFile(join(folder, MODEL_JSON)))) return;
  throw new ConflictError(`"${folder}" is a folder of this registry whose entry is gone`, {
    hint: "Bring it back: sleap-rtc registry rebuild",
  });
}

function changedError({ id }: ModelEntry, what: ModelImport): ConflictError {
  return new ConflictError(
    `"${what.folder}" was imported as model ${id}, and its checkpoint is another one now`,
    {
      hint: `Put the old "${what.checkpoint}" back, or delete model ${id} and import the folder ` +
        "again: sleap-rtc delete-model " + id,
    },
  );
}
