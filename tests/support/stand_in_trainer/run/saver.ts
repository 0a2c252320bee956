/**
 * When and how checkpoints reach the disk: by way of a temporary file in `$TMPDIR`.
 *
 * @module
 */
import { join } from "node:path";
import { traceback } from "../python/failure.ts";
import type { Truncation } from "../script.ts";
import { checkpointBytes, type CheckpointState } from "./checkpoint.ts";
import type { Run } from "./context.ts";

/** Saves best.ckpt when the loss is the lowest of this process, last.ckpt after every epoch. */
export class CheckpointSaver {
  readonly #run: Run;
  #best: number | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Save after an epoch.
   *
   * @throws {TrainerFailure} where the script lets the disk be full
   */
  save(state: CheckpointState, loss: number): void {
    const { settings } = this.#run;
    if (this.#best === null || loss < this.#best) {
      this.#best = Number.isNaN(loss) ? Infinity : loss;
      this.#write("best", state);
    }
    if (settings.saveLast) this.#write("last", state);
  }

  #write(name: "best" | "last", state: CheckpointState): void {
    const target = join(this.#run.folder, `${name}.ckpt`);
    const bytes = checkpointBytes(state);
    this.#failIfDiskIsFull(target, bytes, state.epoch);
    const whole = !this.#isTruncated(name, state.epoch);
    const temporary = join(temporaryFolder(), `tmp${crypto.randomUUID().slice(0, 8)}`);
    Deno.writeFileSync(temporary, whole ? bytes : firstHalf(bytes));
    move(temporary, target);
  }

  #isTruncated(name: "best" | "last", epoch: number): boolean {
    const { truncateCheckpoint = false } = this.#run.script;
    if (typeof truncateCheckpoint === "boolean") return truncateCheckpoint;
    const truncation: Truncation = truncateCheckpoint;
    return (truncation.epoch ?? epoch) === epoch && (truncation.file ?? name) === name;
  }

  #failIfDiskIsFull(target: string, bytes: Uint8Array<ArrayBuffer>, epoch: number): void {
    const { diskFullAtSave } = this.#run.script;
    if (diskFullAtSave === undefined || diskFullAtSave === false) return;
    const { epoch: fullAt = 0, where = "tmp" } = diskFullAtSave === true ? {} : diskFullAtSave;
    if (epoch !== fullAt) return;
    if (where === "tmp") {
      throw traceback([
        '  File "<site-packages>/lightning/fabric/plugins/io/torch_io.py", line 58, in save_checkpoint',
        '  File "<site-packages>/lightning/fabric/utilities/cloud_io.py", line 117, in _atomic_save',
        '  File "<site-packages>/fsspec/implementations/local.py", line 480, in write',
        "OSError: [Errno 28] No space left on device",
      ]);
    }
    Deno.writeFileSync(target, firstHalf(bytes));
    throw traceback([
      '  File "<python>/shutil.py", line 269, in copyfile',
      '  File "<python>/shutil.py", line 158, in _fastcopy_sendfile',
      '  File "<python>/shutil.py", line 144, in _fastcopy_sendfile',
      "OSError: [Errno 28] No space left on device: " +
      `'${join(temporaryFolder(), "tmp")}' -> '${target}'`,
    ]);
  }
}

function temporaryFolder(): string {
  return Deno.env.get("TMPDIR") ?? "/tmp";
}

function firstHalf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.subarray(0, bytes.length >> 1);
}

function move(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error;
    Deno.copyFileSync(from, to);
    Deno.removeSync(from);
  }
}
