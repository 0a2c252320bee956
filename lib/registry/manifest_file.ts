/**
 * A manifest file as it is now, parsed only when it has changed; reading takes no lock.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { readError } from "../files/access_error.ts";
import { stampOf } from "../files/file_info.ts";
import { type Manifest, type ParsedManifest, parseManifest } from "./manifest.ts";

/** One version of the file and what it holds; only sound ones are remembered. */
interface Version {
  stamp: string;
  bytes: Uint8Array;
  manifest: Manifest;
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
    return await this.#stamp() !== null;
  }

  /**
   * The version that was read last, if the file still looks like it; enough for readers. Where times
   * are kept in seconds, a later version can look the same: a freed inode is given out again.
   */
  async readKnown(): Promise<ParsedManifest | null> {
    if (this.#known === null || await this.#stamp() !== this.#known.stamp) return null;
    return soundManifest(this.#known.manifest);
  }

  /**
   * The file as it is; null where there is none.
   *
   * @throws {SleapRtcError} when it cannot be read
   */
  async read(): Promise<ParsedManifest | null> {
    const stamp = await this.#stamp();
    if (stamp === null) return null;
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw readError(this.path, error);
    }
    if (this.#known !== null && Buffer.compare(bytes, this.#known.bytes) === 0) {
      this.#known = { ...this.#known, stamp };
      return soundManifest(this.#known.manifest);
    }
    const parsed = parseManifest(decode(bytes));
    this.#known = parsed.faults.length === 0 ? { stamp, bytes, manifest: parsed.manifest } : null;
    return parsed;
  }

  /** Forget the version that was read: the file is about to be replaced. */
  forget(): void {
    this.#known = null;
  }

  /** The file was replaced by this version. */
  async remember(bytes: Uint8Array, manifest: Manifest): Promise<void> {
    const stamp = await this.#stamp();
    if (stamp !== null) this.#known = { stamp, bytes, manifest };
  }

  async #stamp(): Promise<string | null> {
    try {
      return await stampOf(this.path);
    } catch (error) {
      throw readError(this.path, error);
    }
  }
}

function soundManifest(manifest: Manifest): ParsedManifest {
  return { manifest, faults: [], partial: [] };
}

/** Bad UTF-8 becomes a text that no JSON parser accepts, so it counts as damage. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}
