/**
 * Files that clients gave to a worker, found by what is in them.
 *
 * @module
 */
import { join } from "node:path";
import { ConflictError } from "../errors.ts";
import { makeFolder, syncFolder } from "../files/atomic_write.ts";
import type { UploadBegin } from "../protocol/upload.ts";
import { assertFreeSpace } from "./free_space.ts";
import { IncomingFile } from "./incoming_file.ts";
import { storeError } from "./store_error.ts";
import { assertStoredName } from "./stored_name.ts";

const TEMP_NAME = /^\.incoming-[0-9a-f-]{36}$/;
/** A temp file that nobody wrote to for so long, in milliseconds, has lost its writer. */
const TEMP_LIFETIME = 3_600_000;

/** Options of {@linkcode ContentStore.find}. */
export interface FindOptions {
  /** Find the file only with this size in bytes: it may have been changed in its place. */
  bytes?: number;
}

/** `<root>/uploads/<sha256>/<file name>`; no name is there before its whole content is. */
export class ContentStore {
  readonly #folder: string;

  /** @param root absolute path of the worker's folder */
  constructor(root: string) {
    this.#folder = join(root, "uploads");
  }

  /**
   * A file that is there.
   *
   * @param sha256 64 hex digits
   * @returns its absolute path; null when there is none. A link is none
   * @throws {UsageError} when the name is refused
   */
  async find(sha256: string, name: string, options: FindOptions = {}): Promise<string | null> {
    assertStoredName(name);
    const folder = this.#folderOf(sha256);
    if (!(await entryAt(folder))?.isDirectory) return null;
    const path = join(folder, name);
    const file = await entryAt(path);
    if (!file?.isFile || (options.bytes ?? file.size) !== file.size) return null;
    // Another upload may have named it just now.
    await this.#sync(folder);
    return path;
  }

  /**
   * Make room for a file. Several may come at once, also the same one.
   *
   * @throws {UsageError} when the name is refused
   * @throws {ConflictError} when something else is in its place
   * @throws {SleapRtcError} when the disk cannot hold it
   */
  async begin(file: UploadBegin): Promise<IncomingFile> {
    assertStoredName(file.name);
    try {
      await this.#prepare(file);
    } catch (error) {
      throw storeError(this.#folder, error);
    }
    const temp = join(this.#folder, `.incoming-${crypto.randomUUID()}`);
    const path = this.#pathOf(file);
    return await IncomingFile.create(file, { temp, path }, (whole) => this.#publish(whole, file));
  }

  async #prepare(file: UploadBegin): Promise<void> {
    await makeFolder(this.#folder, 0o700);
    await this.#removeOldTemps();
    await this.#assertPlace(file);
    await assertFreeSpace(this.#folder, file.bytes);
  }

  async #publish(temp: string, file: UploadBegin): Promise<void> {
    const folder = this.#folderOf(file.sha256);
    await this.#assertPlace(file);
    await makeFolder(folder, 0o700);
    try {
      await Deno.rename(temp, this.#pathOf(file));
      await this.#sync(folder);
    } catch (error) {
      // Not removed where it holds other names of the same content.
      await Deno.remove(folder).catch(() => {});
      throw error;
    }
  }

  async #sync(folder: string): Promise<void> {
    await syncFolder(folder);
    await syncFolder(this.#folder);
  }

  /** A link in the place of the folder would lead out of the store. */
  async #assertPlace(file: UploadBegin): Promise<void> {
    const folder = this.#folderOf(file.sha256);
    if ((await entryAt(folder))?.isDirectory === false) {
      throw inTheWay(file, `"${folder}" is not a folder`);
    }
    const path = this.#pathOf(file);
    if ((await entryAt(path))?.isDirectory) throw inTheWay(file, `"${path}" is a folder`);
  }

  async #removeOldTemps(): Promise<void> {
    const oldest = Date.now() - TEMP_LIFETIME;
    for await (const { name, isFile } of Deno.readDir(this.#folder)) {
      if (!isFile || !TEMP_NAME.test(name)) continue;
      const path = join(this.#folder, name);
      const written = (await entryAt(path))?.mtime?.getTime() ?? Infinity;
      if (written < oldest) await Deno.remove(path).catch(() => {});
    }
  }

  #folderOf(sha256: string): string {
    return join(this.#folder, sha256);
  }

  #pathOf({ sha256, name }: UploadBegin): string {
    return join(this.#folderOf(sha256), name);
  }
}

/** What is at a path, links not followed; null where there is nothing. */
async function entryAt(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw storeError(path, error);
  }
}

function inTheWay(file: UploadBegin, what: string): ConflictError {
  return new ConflictError(`Cannot store "${file.name}": ${what}`, {
    hint: "Remove it on the worker and try again.",
  });
}
