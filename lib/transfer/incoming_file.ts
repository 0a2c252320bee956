import { createHash, type Hash } from "node:crypto";
import { ConflictError } from "../errors.ts";
import { storeError } from "./store_error.ts";

/** What is to come. */
export interface Announced {
  /** SHA-256 of the content, 64 hex digits. */
  sha256: string;
  /** What it is called in messages. */
  name: string;
  /** Size in bytes. */
  bytes: number;
}

/** Puts a whole temp file in its place, and makes that durable. */
export type Publish = (temp: string) => Promise<void>;

/** A file on its way to us: a temp file until {@linkcode commit}. */
export class IncomingFile {
  readonly #announced: Announced;
  readonly #path: string;
  readonly #temp: string;
  readonly #publish: Publish;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;
  #isOpen = true;

  /** @param places the temp file, new and open, and the path it is for */
  private constructor(
    announced: Announced,
    places: { temp: string; path: string; file: Deno.FsFile },
    publish: Publish,
  ) {
    this.#announced = announced;
    this.#temp = places.temp;
    this.#path = places.path;
    this.#file = places.file;
    this.#publish = publish;
  }

  /**
   * Create the temp file.
   *
   * @param places its path and the path it is for; who may read it, by default its owner alone
   * @throws {SleapRtcError} when the disk is full or the folder cannot be written
   */
  static async create(
    announced: Announced,
    places: { temp: string; path: string; mode?: number },
    publish: Publish,
  ): Promise<IncomingFile> {
    const { mode = 0o600 } = places;
    try {
      const file = await Deno.open(places.temp, { write: true, createNew: true, mode });
      return new IncomingFile(announced, { ...places, file }, publish);
    } catch (error) {
      throw storeError(places.path, error);
    }
  }

  /** Bytes that were written. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Append the next bytes, one call after another.
   *
   * @throws {ConflictError} when they are more than was announced
   * @throws {SleapRtcError} when the disk is full or fails
   */
  async write(payload: Uint8Array): Promise<void> {
    if (this.#bytes + payload.length > this.#announced.bytes) {
      throw new ConflictError(
        `Refused "${this.#announced.name}": more came than the announced ${this.#announced.bytes} bytes`,
      );
    }
    this.#hash.update(payload);
    try {
      for (let written = 0; written < payload.length;) {
        written += await this.#file.write(payload.subarray(written));
      }
    } catch (error) {
      throw storeError(this.#path, error);
    }
    this.#bytes += payload.length;
  }

  /**
   * Check the content, make it durable and give it its name. Whatever fails, no temp file is left.
   *
   * @returns the file's path
   * @throws {ConflictError} when bytes are missing or the SHA-256 differs
   * @throws {SleapRtcError} when the disk is full or fails
   */
  async commit(): Promise<string> {
    try {
      this.#assertWhole();
      await this.#file.sync();
      this.#close();
      await this.#publish(this.#temp);
      return this.#path;
    } catch (error) {
      throw storeError(this.#path, error);
    } finally {
      await this.discard();
    }
  }

  /** Drop what came; no error when it is gone already. */
  async discard(): Promise<void> {
    this.#close();
    await Deno.remove(this.#temp).catch(() => {});
  }

  #assertWhole(): void {
    const { name, bytes, sha256 } = this.#announced;
    if (this.#bytes !== bytes) {
      throw new ConflictError(`Refused "${name}": only ${this.#bytes} of ${bytes} bytes came`, {
        hint: "Run the command again.",
      });
    }
    const actual = this.#hash.digest("hex");
    if (actual === sha256) return;
    throw new ConflictError(
      `Refused "${name}": its SHA-256 is ${actual}, but ${sha256} was announced`,
      { hint: "Run the command again while nobody writes to the file." },
    );
  }

  #close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }
}
