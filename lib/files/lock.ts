/**
 * Exclusive locks between processes, freed by the operating system when the holder dies.
 *
 * @module
 */
import { hostname } from "node:os";
import { ConflictError, SleapRtcError } from "../errors.ts";
import { writeError } from "./atomic_write.ts";
import { statOrNull } from "./file_info.ts";

/** Who holds a lock, as it wrote itself into the lock file; for messages only. */
export interface LockHolder {
  pid: number;
  host: string;
}

/** Options of {@linkcode FileLock.acquire}. */
export interface AcquireOptions {
  /** How long to wait for the holder, in milliseconds. @default {30_000} */
  timeoutMs?: number;
  /** Called once, after {@linkcode HELD_LONG_MS}, with who holds it: the wait goes on. */
  onHeld?: (holder: LockHolder | null) => void;
}

/** How long a lock is waited for before the caller is told who holds it, in milliseconds. */
export const HELD_LONG_MS = 10_000;

/**
 * A held lock on a file that is never renamed, and deleted only by people: see
 * {@linkcode FileLock.isInPlace}.
 *
 * @example Do something alone
 * ```ts
 * import { FileLock } from "./lock.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * using _lock = await FileLock.acquire(`${folder}/manifest.lock`);
 * ```
 */
export class FileLock {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Take the lock if it is free.
   *
   * @returns the lock, or null while another process, or another handle of this one, holds it
   * @throws {SleapRtcError} when the lock file cannot be written or the file system has no locks
   */
  static async tryAcquire(path: string): Promise<FileLock | null> {
    for (;;) {
      const file = await openLockFile(path);
      try {
        if (!(await file.tryLock(true))) {
          file.close();
          return null;
        }
      } catch (error) {
        file.close();
        throw new SleapRtcError(`Cannot lock "${path}": this file system has no locks`, {
          hint: "Use a folder on a local disk.",
          cause: error,
        });
      }
      const lock = new FileLock(path, file);
      if (await lock.isInPlace()) {
        await lock.#writeHolder();
        return lock;
      }
      lock.release();
    }
  }

  /**
   * Take the lock, waiting for its holder.
   *
   * @throws {ConflictError} when it is still held after the time-out; names the holder
   */
  static async acquire(path: string, options: AcquireOptions = {}): Promise<FileLock> {
    const start = performance.now();
    const deadline = start + (options.timeoutMs ?? 30_000);
    let { onHeld } = options;
    for (let wait = 1;; wait = Math.min(wait * 2, 16)) {
      const lock = await FileLock.tryAcquire(path);
      if (lock !== null) return lock;
      if (performance.now() >= deadline) throw heldError(path, await readLockHolder(path));
      if (onHeld !== undefined && performance.now() >= start + HELD_LONG_MS) {
        onHeld(await readLockHolder(path));
        onHeld = undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
  }

  /**
   * Does the path still name the file that is locked? Where someone deleted it, the next process
   * locks a new file: ask before writing what the lock guards.
   */
  async isInPlace(): Promise<boolean> {
    // Windows does not let go of the name of an open file.
    if (Deno.build.os === "windows") return true;
    const [ours, named] = await Promise.all([this.#file.stat(), statOrNull(this.#path)]);
    return named !== null && named.ino === ours.ino && named.dev === ours.dev;
  }

  /** Free the lock; it is also freed when the process ends in any way. */
  release(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async #writeHolder(): Promise<void> {
    const holder: LockHolder = { pid: Deno.pid, host: hostname() };
    try {
      await this.#file.truncate(0);
      await this.#file.seek(0, Deno.SeekMode.Start);
      await this.#file.write(new TextEncoder().encode(`${JSON.stringify(holder)}\n`));
    } catch {
      // The lock holds even where its file cannot be written (full disk): the text is for messages.
    }
  }
}

async function openLockFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw writeError(path, error);
  }
}

/**
 * Is the lock on an existing file held by someone? A missing file is not locked.
 *
 * The probe itself holds the lock for a moment, so whoever needs it must wait rather than try once.
 */
export async function isLocked(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path, { read: true });
    if (!(await file.tryLock(false))) return true;
    await file.unlock();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Who holds, or held last, the lock; null where it cannot be read. */
export async function readLockHolder(path: string): Promise<LockHolder | null> {
  try {
    const value: unknown = JSON.parse(await Deno.readTextFile(path));
    if (typeof value !== "object" || value === null) return null;
    const { pid, host } = value as Partial<LockHolder>;
    return typeof pid === "number" && typeof host === "string" ? { pid, host } : null;
  } catch {
    return null;
  }
}

/** The error of whoever finds a lock held. */
export function heldError(path: string, holder: LockHolder | null): ConflictError {
  return new ConflictError(`Cannot lock "${path}": held by ${holderText(holder)}`, {
    hint: "Wait for that process to finish, or end it, and try again.",
  });
}

/** Who holds a lock, in words. */
export function holderText(holder: LockHolder | null): string {
  return holder === null ? "another process" : `process ${holder.pid} on ${holder.host}`;
}
