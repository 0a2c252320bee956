/**
 * The manifest on disk: lock, re-read, change, replace; readers take no lock.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { ConflictError, messageOf, SleapRtcError } from "../errors.ts";
import { linkError, linkToNowhere } from "../files/access_error.ts";
import { makeFolder, writeFileAtomic } from "../files/atomic_write.ts";
import { FileLock, holderText } from "../files/lock.ts";
import { logger } from "../log.ts";
import { type Collected, collectEntries } from "./collect.ts";
import { forgetKept, keepDamaged, setAside } from "./damaged_file.ts";
import { ManifestDraft } from "./draft.ts";
import type { ModelEntry } from "./entry.ts";
import {
  emptyManifest,
  isEmpty,
  isKnownVersion,
  type Manifest,
  type ParsedManifest,
  serialiseManifest,
} from "./manifest.ts";
import { ManifestFile, MAX_MANIFEST_BYTES } from "./manifest_file.ts";
import { MODEL_JSON, readModelJsons, writeModelJson } from "./model_folder.ts";

const log = logger("registry");

const MISSING = "the file is missing";

/** What a rebuild found. */
export interface RebuildReport {
  /** Number of entries afterwards. */
  models: number;
  /** The damaged manifest, kept under this path; null: there was none. */
  kept: string | null;
}

/** The manifest of one registry root, `models/.registry/manifest.json`. */
export class ManifestStore {
  readonly #root: string;
  readonly #file: ManifestFile;
  readonly #backup: string;
  readonly #lock: string;

  /** @param root folder that contains `models/` */
  constructor(root: string) {
    const folder = join(root, "models", ".registry");
    this.#root = root;
    this.#file = new ManifestFile(join(folder, "manifest.json"));
    this.#backup = join(folder, "manifest.backup.json");
    this.#lock = join(folder, "manifest.lock");
  }

  /** Create the folder and an empty manifest where there is none. */
  async create(): Promise<void> {
    if (await this.#file.exists()) return;
    await makeFolder(dirname(this.#file.path));
    using _lock = await this.#acquire();
    if (await this.#file.exists()) return;
    if (await this.#hasRemains()) {
      await this.#rebuildLocked(null, [MISSING]);
      return;
    }
    await this.#save(emptyManifest());
    log.info(`created ${JSON.stringify(this.#file.path)}`);
  }

  /**
   * The manifest as it is on disk now; empty where there is no registry.
   *
   * A damaged manifest is kept under another name and rebuilt from its backup and the model folders.
   */
  async read(): Promise<Manifest> {
    const read = await this.#file.readKnown() ?? await this.#file.read();
    if (read === null) {
      this.#refuseLinkToNowhere();
      return await this.#hasRemains() ? await this.#repair() : emptyManifest();
    }
    return (await this.#faultsOf(read)).length === 0 ? read.manifest : await this.#repair();
  }

  /**
   * Apply a change under the lock and save it; what `change` throws leaves the manifest as it was.
   *
   * @param change made again on the newest version if the lock file was deleted meanwhile
   * @throws {ConflictError} when a newer program wrote the manifest, or the lock stays held
   */
  async change<T>(change: (draft: ManifestDraft) => T | Promise<T>): Promise<T> {
    for (;;) {
      await this.create();
      using lock = await this.#acquire();
      const manifest = await this.#readLocked();
      this.#refuseNewer(manifest);
      const draft = new ManifestDraft(manifest);
      const result = await change(draft);
      if (!draft.isChanged) return result;
      if (!(await lock.isInPlace())) {
        log.warn(`${JSON.stringify(this.#lock)} was deleted while it was held: trying again`);
        continue;
      }
      await this.#saveChanged(draft);
      for (const entry of draft.changedEntries) await this.#writeCopy(entry);
      return result;
    }
  }

  /** What is removed leaves the backup first: a rebuild must not bring it back from there. */
  async #saveChanged({ manifest, hasRemoved }: ManifestDraft): Promise<void> {
    if (hasRemoved) await writeFileAtomic(this.#backup, serialiseManifest(manifest));
    await this.#save(manifest, { keepPrevious: !hasRemoved });
  }

  /** The change is made once the manifest is saved; a copy that fails is made by the next one. */
  async #writeCopy(entry: ModelEntry): Promise<void> {
    try {
      await writeModelJson(this.#root, entry);
    } catch (error) {
      log.warn(`cannot write the copy of entry ${entry.id}: ${messageOf(error)}`);
    }
  }

  /** Rebuild the manifest from itself, its backup and the model folders. */
  async rebuild(): Promise<RebuildReport> {
    await this.create();
    using _lock = await this.#acquire();
    const read = await this.#file.read();
    if (read !== null) this.#refuseNewer(read.manifest);
    return (await this.#rebuildLocked(read, await this.#faultsOf(read))).report;
  }

  async #repair(): Promise<Manifest> {
    try {
      await makeFolder(dirname(this.#lock));
      using _lock = await this.#acquire();
      return await this.#readLocked();
    } catch (error) {
      log.error(`cannot repair ${JSON.stringify(this.#file.path)}: ${messageOf(error)}`);
      return (await this.#collect(await this.#file.read())).manifest;
    }
  }

  async #readLocked(): Promise<Manifest> {
    const read = await this.#file.read();
    const faults = await this.#faultsOf(read);
    if (read !== null && faults.length === 0) return read.manifest;
    return (await this.#rebuildLocked(read, faults)).manifest;
  }

  /**
   * What is wrong with a manifest. Whoever deletes a model removes its `model.json` first, so an
   * empty manifest beside such files was emptied by something else.
   */
  async #faultsOf(read: ParsedManifest | null): Promise<string[]> {
    if (read === null) return [MISSING];
    const { manifest, faults } = read;
    if (faults.length > 0 || !isEmpty(manifest) || !isKnownVersion(manifest.version)) return faults;
    const { entries } = await readModelJsons(join(this.#root, "models"));
    return entries.length === 0 ? [] : [`it lists no models, but there are files "${MODEL_JSON}"`];
  }

  async #rebuildLocked(
    read: ParsedManifest | null,
    faults: readonly string[],
  ): Promise<{ manifest: Manifest; report: RebuildReport }> {
    const collected = await this.#collect(read);
    this.#refuseNewer(collected.backup);
    const manifest = countRecovery(collected.manifest, faults);
    const kept = await this.#replaceDamaged(manifest, collected, faults.length > 0);
    const models = Object.keys(manifest.models).length;
    if (faults.length > 0) {
      const where = keptAs("file", kept.manifest) + keptAs("backup", kept.backup);
      log.error(
        `damaged manifest ${JSON.stringify(this.#file.path)}: ${faults.slice(0, 3).join("; ")}; ` +
          `recovered ${models} ${models === 1 ? "entry" : "entries"} (${collected.summary})` +
          `${where}. Compare them with: sleap-rtc list-models`,
      );
    }
    if (collected.lostFolders.length > 0) log.warn(describeLost(collected.lostFolders));
    return { manifest, report: { models, kept: kept.manifest } };
  }

  /** Save, and tell where the damaged files are kept; if it fails all is as it was. */
  async #replaceDamaged(
    manifest: Manifest,
    { isBackupDamaged }: Collected,
    isDamaged: boolean,
  ): Promise<{ manifest: string | null; backup: string | null }> {
    const kept = isDamaged ? await keepDamaged(this.#file.path) : null;
    const backup = isBackupDamaged ? await setAside(this.#backup) : null;
    try {
      await this.#save(manifest, { keepPrevious: !isDamaged });
    } catch (error) {
      if (kept !== null) await forgetKept(this.#file.path, kept);
      if (backup !== null) await Deno.rename(backup, this.#backup);
      throw error;
    }
    return { manifest: kept, backup };
  }

  async #collect(read: ParsedManifest | null): Promise<Collected> {
    return await collectEntries(this.#root, read, this.#backup);
  }

  async #save(manifest: Manifest, options = { keepPrevious: true }): Promise<void> {
    const bytes = serialiseManifest(manifest);
    if (bytes.length > MAX_MANIFEST_BYTES) throw fullError(this.#file.path);
    this.#file.forget();
    await writeFileAtomic(
      this.#file.path,
      bytes,
      options.keepPrevious ? { keepPreviousAs: this.#backup } : {},
    );
    await this.#file.remember(bytes, manifest);
  }

  /** A manifest that is gone is no reason to forget the models that are still there. */
  async #hasRemains(): Promise<boolean> {
    if (await new ManifestFile(this.#backup).exists()) return true;
    return (await readModelJsons(join(this.#root, "models"))).entries.length > 0;
  }

  async #acquire(): Promise<FileLock> {
    return await FileLock.acquire(this.#lock, {
      onHeld: (holder) =>
        log.warn(`waiting for ${JSON.stringify(this.#lock)}: held by ${holderText(holder)}`),
    });
  }

  /** Models on a disk that is not mounted are not no models. */
  #refuseLinkToNowhere(): void {
    const link = linkToNowhere(dirname(this.#file.path));
    if (link !== null) throw linkError("read", this.#file.path, link);
  }

  #refuseNewer(manifest: Manifest): void {
    if (isKnownVersion(manifest.version)) return;
    throw new ConflictError(
      `Cannot change "${this.#file.path}": version ${manifest.version} is newer than this program`,
      { hint: "Update sleap-rtc on this machine. Reading still works." },
    );
  }
}

function fullError(path: string): SleapRtcError {
  return new SleapRtcError(
    `Cannot write "${path}": it would have more than ${MAX_MANIFEST_BYTES / 1_048_576} MiB`,
    { hint: "Delete models that nobody needs, or begin another registry with --registry DIR." },
  );
}

function countRecovery(manifest: Manifest, faults: readonly string[]): Manifest {
  if (faults.length === 0) return manifest;
  const draft = new ManifestDraft(manifest);
  draft.count("manifest_recovered");
  return draft.manifest;
}

function keptAs(what: string, path: string | null): string {
  return path === null ? "" : `; the damaged ${what} is kept as ${JSON.stringify(path)}`;
}

function describeLost(folders: readonly string[]): string {
  const names = folders.slice(0, 3).map((name) => JSON.stringify(name)).join(", ");
  const rest = folders.length > 3 ? ", …" : "";
  const have = folders.length === 1 ? "model folder has" : "model folders have";
  return `${folders.length} ${have} no readable ${MODEL_JSON} and could not be recovered: ` +
    `${names}${rest}`;
}
