/**
 * Where the predictions of a job go: under another name until they are complete, with the record of
 * what made them beside them.
 *
 * @module
 */
import { dirname, join } from "node:path";
import * as v from "valibot";
import { syncFile, writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { readTextOrNull, sizeOf } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { assertFree, putInPlace } from "../../lib/files/put_in_place.ts";
import { checkOutputPlace } from "../../lib/prediction/output_place.ts";
import type { Output } from "../../lib/protocol/job_events.ts";
import {
  type PredictionRecord,
  PredictionRecordSchema,
  recordPath,
} from "../../lib/protocol/prediction_record.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";

/** As far as the record proves what lies beside it. */
const ProofSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.pick(PredictionRecordSchema, ["job_id", "output"]),
);
type Made = PredictionRecord["output"];

/** What of a job's description says where its predictions go. */
export type OutputSpec = Pick<TrackSpec, "job_id" | "output_path" | "overwrite">;

/** The place of one job's predictions. */
export class OutputPlace {
  /** Absolute path of what sleap-nn writes to, in the folder of the predictions. */
  readonly tempPath: string;
  readonly #tempRecord: string;
  readonly #path: string;
  readonly #jobId: string;
  readonly #overwrite: boolean;

  constructor({ job_id, output_path, overwrite }: OutputSpec) {
    this.#path = output_path;
    this.#jobId = job_id;
    this.#overwrite = overwrite;
    // Short: the name of the predictions may be as long as names can be.
    const temp = join(dirname(output_path), `.sleap-rtc-${job_id}`);
    this.tempPath = `${temp}.slp`;
    this.#tempRecord = `${temp}.json`;
  }

  /**
   * Make sure that the predictions can be written, before hours are spent on them.
   *
   * @throws {NotFoundError} when there is no such folder
   * @throws {UsageError} when they are to be no `.slp`, or a folder is in the place
   * @throws {ConflictError} when something is in the place that may not be replaced
   * @throws {SleapRtcError} when the folder cannot be written
   */
  async check(): Promise<void> {
    await checkOutputPlace(this.#path, { overwrite: this.#overwrite });
    // A link in its place would lead what sleap-nn writes elsewhere.
    await Deno.remove(this.tempPath).catch(() => {});
  }

  /**
   * Put what sleap-nn has written into its place. The record is there first: it proves that what
   * comes after it is whole.
   *
   * @param recordOf gives the text of the record
   * @throws {ConflictError} when somebody has put something there meanwhile
   * @throws {SleapRtcError} when it cannot be written
   */
  async publish(recordOf: (made: Made) => string): Promise<Output> {
    const made = { sha256: await sha256File(this.tempPath), bytes: await sizeOf(this.tempPath) };
    if (!this.#overwrite) await assertFree(this.#path);
    await syncFile(this.tempPath);
    await writeFileAtomic(this.#tempRecord, recordOf(made));
    await this.#put(this.#tempRecord, this.#recordPath);
    try {
      await this.#put(this.tempPath, this.#path);
    } catch (error) {
      await Deno.remove(this.#recordPath).catch(() => {});
      throw error;
    }
    return { path: this.#path, ...made };
  }

  /**
   * What a supervisor that was killed had made, if its record proves it whole; it is put into its
   * place if it was about to be.
   *
   * @returns null: there is nothing whole
   */
  async adopt(): Promise<Output | null> {
    const made = await this.#ownRecord();
    if (made === null) return null;
    if (await isMade(this.#path, made)) return { path: this.#path, ...made };
    if (!(await isMade(this.tempPath, made))) return null;
    return await this.#put(this.tempPath, this.#path)
      .then(() => ({ path: this.#path, ...made }), () => null);
  }

  /** Remove what is not complete, and a record that is not followed by what it tells of. */
  async clear(): Promise<void> {
    const made = await this.#ownRecord();
    const isOrphan = made !== null && !(await isMade(this.#path, made));
    const files = [this.tempPath, this.#tempRecord, `${this.#tempRecord}.tmp`];
    for (const file of isOrphan ? [...files, this.#recordPath] : files) {
      await Deno.remove(file).catch(() => {});
    }
  }

  get #recordPath(): string {
    return recordPath(this.#path);
  }

  async #put(temp: string, path: string): Promise<void> {
    await putInPlace(temp, path, { overwrite: this.#overwrite });
    await Deno.remove(temp).catch(() => {});
  }

  async #ownRecord(): Promise<Made | null> {
    const text = await readTextOrNull(this.#recordPath).catch(() => null);
    const proof = v.safeParse(ProofSchema, text);
    return proof.success && proof.output.job_id === this.#jobId ? proof.output.output : null;
  }
}

async function isMade(path: string, { sha256, bytes }: Made): Promise<boolean> {
  const size = await sizeOf(path).catch(() => 0);
  return size === bytes && await sha256File(path).catch(() => null) === sha256;
}
