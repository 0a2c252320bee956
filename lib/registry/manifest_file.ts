/**
 * A manifest file as it is now, parsed only when it has changed; reading takes no lock.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { SleapRtcError } from "../errors.ts";
import { readError } from "../files/access_error.ts";
import { stampOfInfo, statOrNull } from "../files/file_info.ts";
import {
  type Manifest,
  type ParsedManifest,
  parseManifest,
  unreadableManifest,
} from "./manifest.ts";

/**
 * The most bytes that a manifest may have: about 30,000 models. A larger file is no manifest, and
 * reading it could take all memory.
 */
export const MAX_MANIFEST_BYTES = 64 * 1_048_576;

/**
 * A later version can look the same while the clock of the file system has not moved on, if it got
 * the inode that the earlier one freed. So a version is trusted by its looks only once its bytes were
 * read this long, in milliseconds, after it was first seen; whose clock gave the time is no matter.
 * Network and older file systems keep times in seconds (FAT in two), others in ticks of the kernel.
 */
const SETTLED_AFTER = { wholeSeconds: 2_000, finer: 20 };

/** One version of the file and what it holds; only sound ones are remembered. */
interface Version extends Look {
  isSettled: boolean;
  bytes: Uint8Array;
  manifest: Manifest;
}

/** How the file looks from outside. */
interface Look {
  stamp: string;
  /** In bytes. */
  size: number;
  /** When it was first seen so, by the clock of this process. */
  since: number;
  settledAfter: number;
}

/** A manifest file and the version of it that was read last. */
export class ManifestFile {
  /** Its path. */
  readonly path: string;
  #known: Version | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Is there such a file?
   *
   * @throws {SleapRtcError} when it cannot be looked at
   */
  async exists(): Promise<boolean> {
    return await this.#look() !== null;
  }

  /** The version that was read last, if the file still is that version for sure; for readers. */
  async readKnown(): Promise<ParsedManifest | null> {
    const known = this.#known;
    if (!known?.isSettled || (await this.#look())?.stamp !== known.stamp) return null;
    return soundManifest(known.manifest);
  }

  /**
   * The file as it is; null where there is none.
   *
   * @throws {SleapRtcError} when it cannot be read
   */
  async read(): Promise<ParsedManifest | null> {
    const now = performance.now();
    const look = await this.#look();
    if (look !== null && look.size > MAX_MANIFEST_BYTES) return this.#tooLarge(look.size);
    const bytes = look && await this.#readBytes();
    if (look === null || bytes === null) return null;
    const known = this.#known;
    if (known !== null && Buffer.compare(bytes, known.bytes) === 0) {
      const isSettled = look.stamp === known.stamp && now >= known.since + look.settledAfter;
      const since = look.stamp === known.stamp ? known.since : look.since;
      this.#known = { ...known, ...look, since, isSettled };
      return soundManifest(known.manifest);
    }
    const parsed = parse(bytes);
    const isSound = parsed.faults.length === 0;
    this.#known = isSound ? { ...look, isSettled: false, bytes, manifest: parsed.manifest } : null;
    return parsed;
  }

  /** Forget the version that was read: the file is about to be replaced. */
  forget(): void {
    this.#known = null;
  }

  /** The file was replaced by this version. */
  async remember(bytes: Uint8Array, manifest: Manifest): Promise<void> {
    const look = await this.#look();
    if (look !== null) this.#known = { ...look, isSettled: false, bytes, manifest };
  }

  async #look(): Promise<Look | null> {
    try {
      const info = await statOrNull(this.path);
      if (info === null) return null;
      // Reading a pipe or a device may never end.
      if (!info.isFile && !info.isDirectory) throw noFileError(this.path);
      const { wholeSeconds, finer } = SETTLED_AFTER;
      const isCoarse = (info.mtime?.getTime() ?? 0) % 1_000 === 0;
      return {
        stamp: stampOfInfo(info),
        size: info.size,
        since: performance.now(),
        settledAfter: isCoarse ? wholeSeconds : finer,
      };
    } catch (error) {
      throw readError(this.path, error);
    }
  }

  #tooLarge(size: number): ParsedManifest {
    this.forget();
    const [has, may] = [size, MAX_MANIFEST_BYTES].map((bytes) => bytes.toLocaleString("en"));
    return unreadableManifest("", `it has ${has} bytes, and may have ${may}`);
  }

  async #readBytes(): Promise<Uint8Array | null> {
    try {
      return await Deno.readFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw readError(this.path, error);
    }
  }
}

function soundManifest(manifest: Manifest): ParsedManifest {
  return { manifest, faults: [], partial: [] };
}

function parse(bytes: Uint8Array): ParsedManifest {
  try {
    return parseManifest(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return unreadableManifest(new TextDecoder().decode(bytes), "it is no UTF-8 text");
  }
}

function noFileError(path: string): SleapRtcError {
  return new SleapRtcError(`Cannot read "${path}": it is no file`, {
    hint: `Move "${path}" away; what was there is rebuilt from its backup and the model folders.`,
  });
}
