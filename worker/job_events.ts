/**
 * The file `events.ndjson` of a job: appending by the holder of the job's lock, following by anyone.
 *
 * @module
 */
import { decodeJobEvent, encodeJobEvent } from "../lib/protocol/job_events.ts";
import type { JobEvent, JobEventBody } from "../lib/protocol/job_events.ts";
import { writeError } from "../lib/files/atomic_write.ts";
import { isBatch, linesFrom, seqOf } from "./event_lines.ts";

const NEWLINE = 0x0a;

/**
 * Appends events, numbered from 1; without a gap, unless events were lost from the file. Only the
 * holder of the job's lock may have one.
 */
export class EventWriter {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #lastSeq: number;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: Deno.FsFile, lastSeq: number) {
    this.#path = path;
    this.#file = file;
    this.#lastSeq = lastSeq;
  }

  /**
   * Open the file, cutting off a last line that a killed writer left unfinished.
   *
   * @param afterSeq numbers up to this one were given out, whatever the file says
   */
  static async open(path: string, afterSeq = 0): Promise<EventWriter> {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    try {
      const bytes = await Deno.readFile(path);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end < bytes.length) await file.truncate(end);
      await file.seek(end, Deno.SeekMode.Start);
      const lines = new TextDecoder().decode(bytes.subarray(0, end)).trimEnd().split("\n");
      const last = lines.reduce((last, line) => Math.max(last, seqOf(line) ?? 0), afterSeq);
      return new EventWriter(path, file, last);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Append one event; it is on the disk when the promise resolves, except how far a batch or the
   * frames are, which may be lost in a power cut.
   *
   * @throws {SleapRtcError} when the disk is full; the file then ends with the event before
   */
  append(body: JobEventBody): Promise<JobEvent> {
    const appended = this.#tail.then(() => this.#append(body));
    this.#tail = appended.catch(() => {});
    return appended;
  }

  /** Close the file after the pending appends. */
  async close(): Promise<void> {
    await this.#tail;
    this.#file.close();
  }

  async #append(body: JobEventBody): Promise<JobEvent> {
    const event: JobEvent = {
      seq: this.#lastSeq + 1,
      time: new Date().toISOString(),
      ...body,
    };
    const bytes = new TextEncoder().encode(`${encodeJobEvent(event)}\n`);
    const start = await this.#file.seek(0, Deno.SeekMode.Current);
    try {
      let written = 0;
      while (written < bytes.length) written += await this.#file.write(bytes.subarray(written));
      if (event.type !== "batch" && event.type !== "frames") await this.#file.syncData();
    } catch (error) {
      await this.#file.truncate(start);
      await this.#file.seek(start, Deno.SeekMode.Start);
      throw writeError(this.#path, error);
    }
    this.#lastSeq = event.seq;
    return event;
  }
}

/** Options of {@linkcode EventTail}. */
export interface EventTailOptions {
  /** Events up to this number are left out. @default {0} */
  afterSeq?: number;
  /** Of the `batch` events that a poll finds, give the newest one alone. @default {false} */
  onlyNewestBatch?: boolean;
}

/** Reads a growing events file: each poll gives what is new, whole lines only. */
export class EventTail {
  readonly #path: string;
  readonly #onlyNewestBatch: boolean;
  #offset = 0;
  #seq: number;

  /** @param path the events file; it need not exist yet */
  constructor(path: string, { afterSeq = 0, onlyNewestBatch = false }: EventTailOptions = {}) {
    this.#path = path;
    this.#seq = afterSeq;
    this.#onlyNewestBatch = onlyNewestBatch;
  }

  /** The events that were appended since the last poll. */
  async poll(): Promise<JobEvent[]> {
    const events: (JobEvent | null)[] = [];
    let batch: { line: string; place: number } | null = null;
    let offset = this.#offset;
    for await (const { lines, end } of linesFrom(this.#path, offset)) {
      offset = end;
      for (const line of lines) {
        if (this.#isSeen(seqOf(line))) continue;
        const isLater = this.#onlyNewestBatch && isBatch(line);
        if (isLater) batch = { line, place: events.length };
        events.push(isLater ? null : decodeJobEvent(line));
      }
    }
    this.#offset = offset;
    if (batch !== null) events[batch.place] = decodeJobEvent(batch.line);
    const found = events.filter((event) => event !== null)
      .filter(({ seq }) => !this.#isSeen(seq));
    this.#seq = found.at(-1)?.seq ?? this.#seq;
    return found;
  }

  #isSeen(seq: number | null): boolean {
    return seq !== null && seq <= this.#seq;
  }
}

/** All events of a job so far. */
export async function readEvents(path: string): Promise<JobEvent[]> {
  return await new EventTail(path).poll();
}
