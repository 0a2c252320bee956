/**
 * sleap-nn's `training_log.csv`: one row an epoch.
 *
 * @module
 */
import type { TrainingMetrics } from "../protocol/job_events.ts";
import { CsvReader } from "./training_log/csv.ts";

const READ_BYTES = 64 * 1024;

/** The figures of one epoch, each at its own epoch; null where there is no finite one (yet). */
export interface TrainingLogRow {
  /** 0-based index. */
  epoch: number;
  trainLoss: number | null;
  valLoss: number | null;
  learningRate: number | null;
}

/**
 * Read a whole log.
 *
 * @param path of `training_log.csv`
 * @returns one row an epoch, in the file's order; none where there is no file. A torn last line
 * is left out.
 */
export async function readTrainingLog(path: string): Promise<TrainingLogRow[]> {
  const tail = new TrainingLogTail(path);
  await tail.poll();
  return tail.rows;
}

/**
 * The metrics of a training.
 *
 * The best epoch is the first with the lowest finite validation loss, the one sleap-nn keeps as
 * `best.ckpt`. A resumed training's log starts at the resumed epoch; its count is the total.
 *
 * @param through last epoch that counts: sleap-nn writes an epoch's row before its checkpoint, so
 * that the log of a training that was cut off can be ahead of what is left of it; null: all do
 */
export function summarise(
  rows: readonly TrainingLogRow[],
  through: number | null = null,
): TrainingMetrics {
  const lastEpoch = through ?? rows.at(-1)?.epoch ?? -1;
  let best: { loss: number; epoch: number } | null = null;
  for (const { valLoss, epoch } of rows) {
    if (epoch > lastEpoch) continue;
    if (valLoss !== null && (best === null || valLoss < best.loss)) best = { loss: valLoss, epoch };
  }
  return {
    final_val_loss: rows.find(({ epoch }) => epoch === lastEpoch)?.valLoss ?? null,
    best_val_loss: best?.loss ?? null,
    best_epoch: best?.epoch ?? null,
    epochs_completed: lastEpoch + 1,
  };
}

/** Follows a growing log and parses only what is new. */
export class TrainingLogTail {
  readonly #path: string;
  #offset = 0;
  #decoder = new TextDecoder();
  #csv = new CsvReader();
  #table = new EpochTable();

  /** @param path of `training_log.csv`, which need not exist yet */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Every epoch read so far. From sleap-nn 0.1.0 on, the training loss and the learning rate of
   * an epoch stand in the row after it: those of the last epoch are null.
   */
  get rows(): TrainingLogRow[] {
    return this.#table.rows();
  }

  /**
   * The rows that were added since the last call, as known now.
   *
   * An epoch comes twice only from sleap-nn before 0.3.2, which logs its sanity check as a first
   * epoch 0: the later row is the right one. A file that was begun anew is read anew.
   */
  async poll(): Promise<TrainingLogRow[]> {
    const text = await this.#readNew();
    const added = this.#csv.add(text).map((record) => this.#table.add(record));
    const epochs = new Set(added.filter((epoch) => epoch !== null));
    return epochs.size === 0 ? [] : this.rows.filter((row) => epochs.has(row.epoch));
  }

  async #readNew(): Promise<string> {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(this.#path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
    try {
      if ((await file.stat()).size < this.#offset) this.#restart();
      await file.seek(this.#offset, Deno.SeekMode.Start);
      return await this.#readToEnd(file);
    } finally {
      file.close();
    }
  }

  async #readToEnd(file: Deno.FsFile): Promise<string> {
    const buffer = new Uint8Array(READ_BYTES);
    let text = "";
    let count = await file.read(buffer);
    while (count !== null) {
      this.#offset += count;
      text += this.#decoder.decode(buffer.subarray(0, count), { stream: true });
      count = await file.read(buffer);
    }
    return text;
  }

  #restart(): void {
    this.#offset = 0;
    this.#decoder = new TextDecoder();
    this.#csv = new CsvReader();
    this.#table = new EpochTable();
  }
}

/** The fields of one epoch as they stand in the file. */
interface RawRow {
  epoch: number;
  trainLoss: string;
  valLoss: string;
  learningRate: string;
}

/** Knows the columns, and puts shifted values back at their epoch. */
class EpochTable {
  #header: string[] | null = null;
  readonly #raw = new Map<number, RawRow>();

  /** Take the next record; returns the epoch it belongs to, null for the header or garbage. */
  add(record: string[]): number | null {
    if (this.#header === null) {
      this.#header = record;
      return null;
    }
    const epochText = this.#field(record, "epoch");
    if (record.length !== this.#header.length || !/^\d{1,9}$/.test(epochText)) return null;
    const epoch = Number(epochText);
    // The names before sleap-nn 0.1.0 have an underscore; Keras, of SLEAP 1.4 and older, has its own.
    // The last row of an epoch counts: the first of two is the sanity check.
    this.#raw.set(epoch, {
      epoch,
      trainLoss: this.#field(record, "train/loss", "train_loss", "loss"),
      valLoss: this.#field(record, "val/loss", "val_loss"),
      learningRate: this.#field(record, "learning_rate", "lr"),
    });
    return epoch;
  }

  rows(): TrainingLogRow[] {
    const raw = [...this.#raw.values()];
    // sleap-nn validates and writes the row before it logs the epoch's training loss, so a first
    // row without one tells that every row holds the previous epoch's.
    const shifted = raw[0]?.trainLoss === "";
    return raw.map((row, position) => {
      const next = raw[position + 1];
      const trained = !shifted ? row : next?.epoch === row.epoch + 1 ? next : null;
      return {
        epoch: row.epoch,
        trainLoss: finite(trained?.trainLoss),
        valLoss: finite(row.valLoss),
        learningRate: finite(trained?.learningRate),
      };
    });
  }

  #field(record: string[], ...names: string[]): string {
    for (const name of names) {
      const column = this.#header?.indexOf(name) ?? -1;
      if (column >= 0) return record[column] ?? "";
    }
    return "";
  }
}

function finite(text: string | undefined): number | null {
  if (text === undefined || text.trim() === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
