/**
 * Turns what a running trainer shows (control socket, log files, checkpoints) into events.
 *
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { syncFile, syncFolder } from "../../lib/files/atomic_write.ts";
import { stampOfSync } from "../../lib/files/file_info.ts";
import { logger } from "../../lib/log.ts";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import type { ControlSocket, TrainerMessage } from "../../lib/sleap_nn/control_socket.ts";
import { EpochProgress } from "../../lib/sleap_nn/epoch_progress.ts";
import { type TrainerLogMarks, TrainerLogScan } from "../../lib/sleap_nn/trainer_log.ts";
import { TrainingLogTail } from "../../lib/sleap_nn/training_log.ts";
import type { FirstEpoch } from "../attempts/first_epoch.ts";

const log = logger("supervisor");
const POLL_MS = 500;
/** While the trainer talks, its words are the occasion to look: a timer of its own costs as much. */
const TALKING_POLL_MS = 1_000;
const BATCH_EVENT_MS = 5_000;

/** What to watch. */
export interface WatchedTrainer {
  /** Index into the job's models. */
  model: number;
  attempt: number;
  /** Absolute path. */
  runFolder: string;
  logPath: string;
  /** Where its output begins in the log, in bytes. */
  logOffset: number;
  /** Null: only the files tell. */
  socket: ControlSocket | null;
  /** Asked whether to believe what the trainer says. */
  firstEpoch: FirstEpoch;
  /** Form in which a path goes into an event. */
  storedPath(path: string): string;
  /** Records one event; called again before it has, it keeps their order. */
  record(body: JobEventBody): Promise<void>;
  /** Told after each look how far the trainer is. */
  onSight(sight: TrainerSight): void;
}

/** How far a trainer is, by its files. */
export interface TrainerSight {
  /** 0-based index of the last epoch that was reported; -1: none. */
  epoch: number;
  /** 0-based index of the epoch of `last.ckpt`; -1: none is complete. */
  lastCheckpoint: number;
  /** Fit returned normally. */
  finished: boolean;
  /** It has taken the command to stop early. */
  stopReceived: boolean;
}

/** A complete checkpoint that is new since the last look. */
interface SeenCheckpoint {
  kind: "best" | "last";
  path: string;
  stamp: string;
  /** 0-based index. */
  epoch: number;
}

/** Watches one trainer from before its start until after its end. */
export class TrainerWatch {
  readonly #trainer: WatchedTrainer;
  readonly #log: TrainerLogScan;
  readonly #csvPath: string;
  readonly #csv: TrainingLogTail;
  readonly #epochs = new EpochProgress();
  readonly #stamps = new Map<string, string>();
  readonly #watching: Promise<unknown>;
  #isStopped = false;
  #isTalking = false;
  #lookedAt = -Infinity;
  #lookNow: () => void = () => {};
  #lastEpoch = -1;
  #lastCheckpoint = -1;
  #marks: TrainerLogMarks | null = null;
  #waitingRows = new Set<number>();
  #lastBatchEvent = -Infinity;
  #saidFallback = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(trainer: WatchedTrainer) {
    this.#trainer = trainer;
    this.#log = new TrainerLogScan({ path: trainer.logPath, from: trainer.logOffset });
    this.#csvPath = join(trainer.runFolder, "training_log.csv");
    this.#csv = new TrainingLogTail(this.#csvPath);
    this.#watching = Promise.all([this.#pollFiles(), this.#readMessages()]);
  }

  /** Stop watching, after a last look at what the trainer left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#lookNow();
    await this.#trainer.socket?.close();
    await this.#watching;
    await this.#look({ last: true });
    await this.#queue;
  }

  async #pollFiles(): Promise<void> {
    while (true) {
      await this.#look({ last: false });
      if (this.#isStopped) return;
      this.#lookedAt = performance.now();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#lookNow = resolve;
      const timer = setTimeout(resolve, this.#isTalking ? TALKING_POLL_MS : POLL_MS);
      await promise;
      clearTimeout(timer);
    }
  }

  async #readMessages(): Promise<void> {
    if (this.#trainer.socket === null) return;
    for await (const message of this.#trainer.socket.messages) {
      if ("epoch" in message && !this.#trainer.firstEpoch.reported(message.epoch)) continue;
      this.#isTalking = true;
      const figures = this.#epochs.add(message);
      if (figures !== null) this.#epoch(figures.epoch, figures.trainLoss, figures.valLoss);
      if (message.event === "batch_end") this.#batch(message);
      if (performance.now() >= this.#lookedAt + POLL_MS) this.#lookNow();
    }
  }

  /** Nothing that goes wrong while looking may end a training. */
  async #look(options: { last: boolean }): Promise<void> {
    try {
      await this.#lookAtEpochs(options);
      await this.#lookAtCheckpoints();
      await this.#lookAtLog();
    } catch (error) {
      log.warn(`cannot look at the trainer's files: ${messageOf(error)}`);
    }
  }

  /**
   * The control socket tells the training loss of an epoch, the CSV does so an epoch later: a new
   * row waits for one poll before it is taken instead.
   */
  async #lookAtEpochs({ last }: { last: boolean }): Promise<void> {
    const due = this.#waitingRows;
    this.#waitingRows = new Set();
    const stamp = this.#newStamp(this.#csvPath);
    if (stamp === null && due.size === 0 && !last) return;
    if (stamp !== null) await this.#csv.poll();
    this.#taken(this.#csvPath, stamp);
    const [first] = this.#csv.rows;
    if (first === undefined || !this.#trainer.firstEpoch.logged(first.epoch)) return;
    for (const { epoch, trainLoss, valLoss } of this.#csv.rows) {
      if (epoch <= this.#lastEpoch) continue;
      if (last || this.#trainer.socket === null || due.has(epoch)) {
        this.#epoch(epoch, trainLoss, valLoss);
      } else {
        this.#waitingRows.add(epoch);
      }
    }
  }

  #epoch(epoch: number, trainLoss: number | null, valLoss: number | null): void {
    if (epoch <= this.#lastEpoch) return;
    this.#lastEpoch = epoch;
    this.#record({ type: "epoch", epoch, train_loss: trainLoss, val_loss: valLoss });
  }

  #batch({ epoch, batch, loss }: Extract<TrainerMessage, { event: "batch_end" }>): void {
    if (performance.now() < this.#lastBatchEvent + BATCH_EVENT_MS) return;
    this.#lastBatchEvent = performance.now();
    this.#record({ type: "batch", epoch, batch, loss });
  }

  /** Recorded one right after the other, they share a booking. */
  async #lookAtCheckpoints(): Promise<void> {
    const seen = [...await this.#newCheckpoint("best"), ...await this.#newCheckpoint("last")];
    if (seen.length === 0) return;
    // What is booked must outlive a power cut: sleap-nn leaves its files in the page cache.
    for (const file of [...seen.map(({ path }) => path), this.#csvPath]) await syncFile(file);
    await syncFolder(this.#trainer.runFolder);
    for (const { kind, path, stamp, epoch } of seen) {
      this.#taken(path, stamp);
      if (kind === "last") this.#lastCheckpoint = epoch;
      this.#record({ type: "checkpoint", epoch, path: this.#trainer.storedPath(path), kind });
    }
  }

  async #newCheckpoint(kind: "best" | "last"): Promise<SeenCheckpoint[]> {
    const path = join(this.#trainer.runFolder, `${kind}.ckpt`);
    const stamp = this.#newStamp(path);
    if (stamp === null) return [];
    const checkpoint = await readCheckpoint(path);
    if (!checkpoint.ok || !this.#trainer.firstEpoch.reported(checkpoint.epoch)) return [];
    return [{ kind, path, stamp, epoch: checkpoint.epoch }];
  }

  async #lookAtLog(): Promise<void> {
    const { logPath } = this.#trainer;
    const stamp = this.#newStamp(logPath);
    if (stamp !== null) this.#marks = await this.#log.poll();
    this.#taken(logPath, stamp);
    const { acceleratorFallback, finished = false, stopReceived = false } = this.#marks ?? {};
    this.#trainer.onSight({
      epoch: this.#lastEpoch,
      lastCheckpoint: this.#lastCheckpoint,
      finished,
      stopReceived,
    });
    const { asked, used } = acceleratorFallback ?? {};
    if (!used || this.#saidFallback) return;
    this.#saidFallback = true;
    this.#queueRecord({
      type: "warning",
      model: this.#trainer.model,
      message: `Accelerator "${asked}" is not available on this machine: training on ${used}`,
    });
  }

  /** A look at a file costs a hundred times what a look at its stamp does. */
  #newStamp(path: string): string | null {
    const stamp = stampOfSync(path);
    return stamp === this.#stamps.get(path) ? null : stamp;
  }

  #taken(path: string, stamp: string | null): void {
    if (stamp !== null) this.#stamps.set(path, stamp);
  }

  #record(
    body:
      | { type: "epoch"; epoch: number; train_loss: number | null; val_loss: number | null }
      | { type: "batch"; epoch: number; batch: number; loss: number | null }
      | { type: "checkpoint"; epoch: number; path: string; kind: "best" | "last" },
  ): void {
    const { model, attempt } = this.#trainer;
    this.#queueRecord({ model, attempt, ...body });
  }

  #queueRecord(body: JobEventBody): void {
    const recorded = this.#trainer.record(body).catch((error) => {
      log.error(`cannot record ${body.type}: ${messageOf(error)}`);
    });
    this.#queue = this.#queue.then(() => recorded);
  }
}
