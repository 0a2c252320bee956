/**
 * Reading a job's `log.txt` in parts that fit into a message.
 *
 * @module
 */
import { sizeOf } from "../../lib/files/file_info.ts";
import { decodeJobEvent } from "../../lib/protocol/job_events.ts";
import type { JobLogPart } from "../../lib/protocol/worker_calls.ts";
import { linesFrom } from "../event_lines.ts";
import { isFinalStatus, type JobFolder } from "../job_folder.ts";

/** Read at once, in bytes. */
const MAX_BYTES = 24 * 1024;
/** Of a part as JSON, in bytes: a control character takes six there. */
const MAX_ENCODED = 48 * 1024;

/** Options of {@linkcode readJobLog}. */
export interface ReadLogOptions {
  /** Place in the log, in bytes; beyond the end means the end. @default {0} */
  from?: number | undefined;
  /** Instead: begin with the output of the trainer that wrote this event, or of the one before. */
  atSeq?: number | undefined;
}

/** A part of the log, cut between characters. */
export async function readJobLog(
  folder: JobFolder,
  { from = 0, atSeq }: ReadLogOptions = {},
): Promise<JobLogPart> {
  const { status } = await folder.readState();
  const hasEnded = isFinalStatus(status);
  const size = await sizeOf(folder.logPath);
  const start = Math.min(atSeq === undefined ? from : await offsetAt(folder, atSeq), size);
  const bytes = await readBytes(folder.logPath, start, Math.min(size - start, MAX_BYTES));
  const isAll = hasEnded && start + bytes.length >= size;
  const part = fitting(isAll ? bytes : bytes.subarray(0, wholeCharacters(bytes)));
  const next = start + part.length;
  return { text: new TextDecoder().decode(part), next, ended: hasEnded && next >= size, status };
}

/** Of a long job's events only those of its trainers are decoded. */
async function offsetAt(folder: JobFolder, seq: number): Promise<number> {
  let offset = 0;
  for await (const { lines } of linesFrom(folder.eventsPath)) {
    for (const line of lines) {
      const event = line.includes('"trainer_started"') ? decodeJobEvent(line) : null;
      if (event?.type === "trainer_started" && event.seq <= seq) offset = event.log_offset;
    }
  }
  return offset;
}

async function readBytes(path: string, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  if (length === 0) return bytes;
  using file = await Deno.open(path, { read: true });
  await file.seek(start, Deno.SeekMode.Start);
  let at = 0;
  while (at < length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function fitting(bytes: Uint8Array): Uint8Array {
  let part = bytes;
  while (encodedSize(part) > MAX_ENCODED) {
    const half = part.subarray(0, part.length / 2);
    part = half.subarray(0, wholeCharacters(half));
  }
  return part;
}

function encodedSize(bytes: Uint8Array): number {
  return new TextEncoder().encode(JSON.stringify(new TextDecoder().decode(bytes))).length;
}

/** Length without a UTF-8 character at the end that is not whole; what is no UTF-8 stays. */
function wholeCharacters(bytes: Uint8Array): number {
  const { length } = bytes;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) return needed(byte) > back ? length - back : length;
  }
  return length;
}

function needed(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
