/**
 * The manifest on disk: lock, re-read, change, replace; readers take no lock.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { ConflictError, messageOf } from "../errors.ts";
import { linkOrCopy, makeFolder, syncFolder, writeFileAtomic } from "../files/atomic_write.ts";
import { stampOf } from "../files/file_info.ts";
import { FileLock } from "../files/lock.ts";
import { logger } from "../log.ts";
import { ManifestDraft } from "./draft.ts";
import type { ModelEntry } from "./entry.ts";
import {
  emptyManifest,
  isKnownVersion,
  type Manifest,
  type ParsedManifest,
  parseManifest,
  serialiseManifest,
} from "./manifest.ts";
import { readModelJsons, writeModelJson } from "./model_folder.ts";
import { mergeManifest } from "./rebuild.ts";

const log = logger("registry");

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
  readonly #path: string;
  readonly #backup: string;
  readonly #lock: string;
  #cached: { stamp: string; bytes: Uint8Array; manifest: Manifest } | null = null;

  /** @param root folder that contains `models/` */
  constructor(root: string) {
    const folder = join(root, "models", ".registry");
    this.#root = root;
    this.#path = join(folder, "manifest.json");
    this.#backup = join(folder, "manifest.backup.json");
    this.#lock = join(folder, "manifest.lock");
  }

  /** Create the folder and an empty manifest where there is none. */
  async create(): Promise<void> {
    if (await stampOf(this.#path) !== null) return;
    await makeFolder(dirname(this.#path));
    using _lock = await FileLock.acquire(this.#lock);
    if (await stampOf(this.#path) !== null) return;
    if (await this.#hasRemains()) {
      await this.#rebuildLocked(["the file is missing"]);
      return;
    }
    await this.#save(emptyManifest());
    log.info(`created ${JSON.stringify(this.#path)}`);
  }

  /**
   * The manifest as it is on disk now; empty where there is no registry.
   *
   * A damaged manifest is kept under another name and rebuilt from its backup and the model folders.
   */
  async read(): Promise<Manifest> {
    const read = await this.#readKnown() ?? await this.#readFile();
    if (read === null) {
      return await this.#hasRemains() ? await this.#repair() : emptyManifest();
    }
    return read.faults.length === 0 ? read.manifest : await this.#repair();
  }

  /**
   * Apply a change under the lock and save it; what `change` throws leaves the manifest as it was.
   *
   * @throws {ConflictError} when a newer program wrote the manifest, or the lock stays held
   */
  async change<T>(change: (draft: ManifestDraft) => T | Promise<T>): Promise<T> {
    await this.create();
    using _lock = await FileLock.acquire(this.#lock);
    const manifest = await this.#readLocked();
    this.#refuseNewer(manifest);
    const draft = new ManifestDraft(manifest);
    const result = await change(draft);
    if (draft.isChanged) {
      await this.#save(draft.manifest);
      for (const entry of draft.changedEntries) await this.#writeCopy(entry);
    }
    return result;
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
    using _lock = await FileLock.acquire(this.#lock);
    const read = await this.#readFile();
    if (read !== null) this.#refuseNewer(read.manifest);
    return (await this.#rebuildLocked(read?.faults ?? ["the file is missing"])).report;
  }

  async #repair(): Promise<Manifest> {
    try {
      using _lock = await FileLock.acquire(this.#lock);
      return await this.#readLocked();
    } catch (error) {
      log.error(`cannot repair ${JSON.stringify(this.#path)}: ${messageOf(error)}`);
      return (await this.#collect()).manifest;
    }
  }

  async #readLocked(): Promise<Manifest> {
    const read = await this.#readFile();
    if (read !== null && read.faults.length === 0) return read.manifest;
    return (await this.#rebuildLocked(read?.faults ?? ["the file is missing"])).manifest;
  }

  async #rebuildLocked(
    faults: string[],
  ): Promise<{ manifest: Manifest; report: RebuildReport }> {
    const collected = await this.#collect();
    this.#refuseNewer(collected.backup);
    const isDamaged = faults.length > 0;
    const kept = isDamaged ? await this.#keepDamaged() : null;
    const manifest = countRecovery(collected.manifest, faults);
    try {
      await this.#save(manifest, { keepPrevious: !isDamaged });
    } catch (error) {
      if (kept !== null) await this.#forgetKept(kept);
      throw error;
    }
    const models = Object.keys(manifest.models).length;
    if (isDamaged) {
      const where = kept === null ? "" : `; the damaged file is kept as ${JSON.stringify(kept)}`;
      log.error(
        `cannot read ${JSON.stringify(this.#path)}: ${faults.slice(0, 3).join("; ")}; recovered ` +
          `${models} ${models === 1 ? "entry" : "entries"} (${collected.summary})${where}. ` +
          `Compare them with: sleap-rtc list-models`,
      );
    }
    return { manifest, report: { models, kept } };
  }

  async #collect(): Promise<{ manifest: Manifest; backup: Manifest; summary: string }> {
    const { manifest: damaged, partial } = await this.#readFile() ?? soundManifest(emptyManifest());
    const backup = await readManifest(this.#backup) ?? emptyManifest();
    const folders = await readModelJsons(join(this.#root, "models"));
    const inDamaged = Object.values(damaged.models);
    const inBackup = Object.values(backup.models);
    return {
      manifest: mergeManifest({ ...backup, ...damaged }, [inDamaged, inBackup, folders, partial]),
      backup,
      summary: `${inDamaged.length} in the file, ${inBackup.length} in its backup, ` +
        `${folders.length} in model folders`,
    };
  }

  /**
   * The version that was read last, if the file still looks like it; enough for readers. Where times
   * are kept in seconds, a later version can look the same: a freed inode is given out again.
   */
  async #readKnown(): Promise<ParsedManifest | null> {
    if (this.#cached === null || await stampOf(this.#path) !== this.#cached.stamp) return null;
    return soundManifest(this.#cached.manifest);
  }

  /** The file as it is; null where there is none. Parsed only when its bytes have changed. */
  async #readFile(): Promise<ParsedManifest | null> {
    const stamp = await stampOf(this.#path);
    if (stamp === null) return null;
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    if (this.#cached !== null && Buffer.compare(bytes, this.#cached.bytes) === 0) {
      this.#cached = { ...this.#cached, stamp };
      return soundManifest(this.#cached.manifest);
    }
    const parsed = parseManifest(decode(bytes));
    this.#cached = parsed.faults.length === 0 ? { stamp, bytes, manifest: parsed.manifest } : null;
    return parsed;
  }

  async #save(manifest: Manifest, options = { keepPrevious: true }): Promise<void> {
    this.#cached = null;
    const bytes = serialiseManifest(manifest);
    await writeFileAtomic(
      this.#path,
      bytes,
      options.keepPrevious ? { keepPreviousAs: this.#backup } : {},
    );
    const stamp = await stampOf(this.#path);
    if (stamp !== null) this.#cached = { stamp, bytes, manifest };
  }

  async #keepDamaged(): Promise<string | null> {
    const time = new Date().toISOString().replace(/[-:]/g, "").replace("T", "_").slice(0, 15);
    for (let n = 1;; n++) {
      const kept = join(dirname(this.#path), `manifest.corrupted.${time}-${n}.json`);
      try {
        await linkOrCopy(this.#path, kept);
        await syncFolder(dirname(kept));
        return kept;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  }

  /** While the damaged file is still in its place, a second name for it tells nothing. */
  async #forgetKept(kept: string): Promise<void> {
    if (await stampOf(kept) === await stampOf(this.#path)) await Deno.remove(kept);
  }

  /** A manifest that is gone is no reason to forget the models that are still there. */
  async #hasRemains(): Promise<boolean> {
    if (await stampOf(this.#backup) !== null) return true;
    const folders: ModelEntry[] = await readModelJsons(join(this.#root, "models"));
    return folders.length > 0;
  }

  #refuseNewer(manifest: Manifest): void {
    if (isKnownVersion(manifest.version)) return;
    throw new ConflictError(
      `Cannot change "${this.#path}": version ${manifest.version} is newer than this program`,
      { hint: "Update sleap-rtc on this machine. Reading still works." },
    );
  }
}

function soundManifest(manifest: Manifest): ParsedManifest {
  return { manifest, faults: [], partial: [] };
}

function countRecovery(manifest: Manifest, faults: string[]): Manifest {
  if (faults.length === 0) return manifest;
  const draft = new ManifestDraft(manifest);
  draft.count("manifest_recovered");
  return draft.manifest;
}

async function readManifest(path: string): Promise<Manifest | null> {
  try {
    return parseManifest(decode(await Deno.readFile(path))).manifest;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Bad UTF-8 becomes a text that no JSON parser accepts, so it counts as damage. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}
