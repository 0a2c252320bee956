import { createHash, type Hash } from "node:crypto";
import { ConflictError, NotFoundError, SleapRtcError, UsageError } from "../errors.ts";

const READ_BYTES = 1_048_576;

/** A file that is sent as it was when it was opened. */
export class SourceFile implements Disposable {
  readonly #path: string;
  readonly #action: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash = createHash("sha256");
  /** Its size when it was opened. */
  readonly bytes: number;

  private constructor(path: string, action: string, file: Deno.FsFile, bytes: number) {
    this.#path = path;
    this.#action = action;
    this.#file = file;
    this.bytes = bytes;
  }

  /**
   * Open a file.
   *
   * @param action what is done with it, for messages: `upload`
   * @throws {NotFoundError} when there is none
   * @throws {UsageError} when it is a folder, a pipe or a device
   * @throws {SleapRtcError} when it may not be read
   */
  static async open(path: string, action: string): Promise<SourceFile> {
    try {
      // Opening a pipe would wait for its writer.
      const { isFile, size } = await Deno.stat(path);
      if (isFile) return new SourceFile(path, action, await Deno.open(path), size);
    } catch (error) {
      throw readError(path, error);
    }
    throw new UsageError(`Cannot ${action} "${path}": not a file`, {
      hint: "Name a file, not a folder.",
    });
  }

  /**
   * Read it once, from its beginning.
   *
   * @param pieceBytes most bytes of a piece, which stays valid until the next one
   * @throws {ConflictError} when it ends too early
   */
  async *read(pieceBytes: number): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(READ_BYTES);
    for (let left = this.bytes; left > 0;) {
      const count = await this.#file.read(buffer.subarray(0, Math.min(left, READ_BYTES)));
      if (count === null) throw this.#changed();
      left -= count;
      const chunk = buffer.subarray(0, count);
      this.#hash.update(chunk);
      for (let at = 0; at < count; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
    }
  }

  /**
   * After everything was read: it was what its digest says, and nothing was appended.
   *
   * @throws {ConflictError} when it changed
   */
  async assertUnchanged(sha256: string): Promise<void> {
    const { size } = await this.#file.stat();
    if (size !== this.bytes || this.#hash.digest("hex") !== sha256) throw this.#changed();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #changed(): ConflictError {
    return new ConflictError(
      `Cannot ${this.#action} "${this.#path}": it changed while it was sent`,
      {
        hint: "Wait until nobody writes to it, then run the command again.",
      },
    );
  }
}

function readError(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotFound) {
    return new NotFoundError(`Cannot read "${path}": there is no such file`, { cause: error });
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SleapRtcError(`Cannot read "${path}": permission denied`, {
      hint: "Ask for permission to read it.",
      cause: error,
    });
  }
  return error;
}
