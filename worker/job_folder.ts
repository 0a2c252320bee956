/**
 * The job folder `<root>/jobs/<job_id>/`: the one interface between whoever submits a job and its
 * supervisor. Everything in it can be read with `cat`.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { ConflictError, NotFoundError } from "../lib/errors.ts";
import { obstacleError, readError } from "../lib/files/access_error.ts";
import { makeFolder, syncFolder, writeError, writeFileAtomic } from "../lib/files/atomic_write.ts";
import { isFolder, modifiedAt } from "../lib/files/file_info.ts";
import { FileLock } from "../lib/files/lock.ts";
import { MODEL_STATUSES } from "../lib/registry/entry.ts";
import { JOB_STATUSES, OutputSchema } from "../lib/protocol/job_events.ts";
import {
  type JobSpec,
  JobSpecSchema,
  type TrainSpec,
  TrainSpecSchema,
} from "../lib/protocol/job_spec.ts";
import { ProcessIdentitySchema } from "./host/process_identity.ts";
import { setReserve } from "./record/reserve.ts";

const NEW_PREFIX = ".new-";
const LOCK_WAIT_MS = 2_000;
const JOB_ID = /^job_[0-9a-f]{8}$/;
const VERSION = 1;
const text = v.nullable(v.string());

/** The sleap-nn that was started last; one that predicts has model 0 and attempt 1. */
const TrainerSchema = v.object({
  ...ProcessIdentitySchema.entries,
  /** Index into the job's models. */
  model: v.number(),
  attempt: v.number(),
  started_at: v.string(),
  /** Where its output begins in `log.txt`, in bytes. */
  log_offset: v.number(),
});
/** The sleap-nn that was started last. */
export type Trainer = v.InferOutput<typeof TrainerSchema>;

/** `state.json`: where a job stands. */
export const JobStateSchema = v.object({
  version: v.literal(1),
  job_id: v.string(),
  status: v.picklist(JOB_STATUSES),
  updated_at: v.string(),
  /** Who is to start the supervisor of a queued job; null: it waits for a worker to do so. */
  starter: v.nullable(ProcessIdentitySchema),
  /** Its turn in the queue of this root, the lowest first; null: it never waited there. */
  turn: v.nullish(v.number()),
  supervisor: v.nullable(ProcessIdentitySchema),
  trainer: v.nullable(TrainerSchema),
  models: v.array(v.object({
    model_id: text,
    status: v.picklist(["pending", ...MODEL_STATUSES]),
  })),
});
/** `state.json`: where a job stands. */
export type JobState = v.InferOutput<typeof JobStateSchema>;

/** `result.json`: how a job ended. */
export const JobResultSchema = v.object({
  version: v.literal(1),
  job_id: v.string(),
  status: v.picklist(["succeeded", "failed", "cancelled", "interrupted"]),
  error: text,
  finished_at: v.string(),
  models: JobStateSchema.entries.models,
  /** Predictions of a job that made some. */
  output: v.nullish(OutputSchema),
});
/** `result.json`: how a job ended. */
export type JobResult = v.InferOutput<typeof JobResultSchema>;

/** One job's folder; the paths are absolute. */
export class JobFolder {
  readonly path: string;
  /** `<root>`: the folder that contains `jobs/` and `models/`. */
  readonly root: string;
  readonly jobId: string;

  /** @param path absolute path of the job's folder, `<root>/jobs/<job_id>` */
  constructor(path: string) {
    this.path = path;
    this.root = dirname(dirname(path));
    this.jobId = basename(path);
  }

  /**
   * Create a job's folder, whole or not at all.
   *
   * @param root absolute path of the registry root
   * @param spec what is to be done; names the configurations
   * @param state where the job stands
   * @param configs contents of the configurations by their name in the spec
   */
  static async create(
    root: string,
    spec: JobSpec,
    state: JobState,
    configs: ReadonlyMap<string, string>,
  ): Promise<JobFolder> {
    const jobs = join(root, "jobs");
    await makeFolder(jobs);
    const folder = new JobFolder(join(jobs, spec.job_id));
    const temp = new JobFolder(join(jobs, `${NEW_PREFIX}${spec.job_id}`));
    try {
      await makeFolder(join(temp.path, "configs"), 0o700);
      await Deno.chmod(temp.path, 0o700).catch(() => {});
      for (const [name, content] of configs) {
        await writeFileAtomic(join(temp.path, name), content, { mode: 0o600 });
      }
      await writeFileAtomic(temp.specPath, toJson(spec));
      await temp.writeState(state);
      await setReserve(temp.path, root);
      await syncFolder(temp.path);
      await Deno.rename(temp.path, folder.path);
      await syncFolder(jobs);
    } catch (error) {
      await Deno.remove(temp.path, { recursive: true }).catch(() => {});
      throw writeError(folder.path, error);
    }
    return folder;
  }

  /** Remove what a killed creator left behind an hour ago or earlier. */
  static async removeUnfinished(root: string): Promise<void> {
    for (const name of await namesIn(join(root, "jobs"))) {
      const path = join(root, "jobs", name);
      if (!name.startsWith(NEW_PREFIX) || !(await isOlderThanAnHour(path))) continue;
      await Deno.remove(path, { recursive: true }).catch(() => {});
    }
  }

  /** All job folders below a root, in the order of their names. */
  static async list(root: string): Promise<JobFolder[]> {
    return (await namesIn(join(root, "jobs"))).sort()
      .flatMap((name) => JobFolder.of(root, name) ?? []);
  }

  /** The folder of a job, be it there or not; null for what is no job's ID. */
  static of(root: string, jobId: unknown): JobFolder | null {
    if (typeof jobId !== "string" || !JOB_ID.test(jobId)) return null;
    return new JobFolder(join(root, "jobs", jobId));
  }

  /** The immutable description of the job. */
  get specPath(): string {
    return join(this.path, "spec.json");
  }

  /** Where the job stands. */
  get statePath(): string {
    return join(this.path, "state.json");
  }

  /** What happened, one event a line. */
  get eventsPath(): string {
    return join(this.path, "events.ndjson");
  }

  /** What others ask of the supervisor. */
  get requestPath(): string {
    return join(this.path, "request.json");
  }

  /** Output of supervisor and trainer. */
  get logPath(): string {
    return join(this.path, "log.txt");
  }

  /** Held by the supervisor for life. */
  get lockPath(): string {
    return join(this.path, "job.lock");
  }

  /**
   * Take the job's lock, waiting a moment for those who only look whether it is held.
   *
   * @throws {ConflictError} when a supervisor, or whoever books the job, holds it; names the process
   */
  async lock(): Promise<FileLock> {
    return await FileLock.acquire(this.lockPath, { timeoutMs: LOCK_WAIT_MS });
  }

  /**
   * @throws {NotFoundError} when there is no such job
   * @throws {NewerJobError} when a newer program wrote the file
   * @throws {ConflictError} when it is damaged
   */
  async readSpec(): Promise<JobSpec> {
    return await this.#read("spec.json", JobSpecSchema);
  }

  /**
   * The description of a training.
   *
   * @throws {NotFoundError} when there is no such job
   * @throws {NewerJobError} when a newer program wrote the file
   * @throws {ConflictError} when it is damaged, or the job does not train
   */
  async readTrainSpec(): Promise<TrainSpec> {
    return await this.#read("spec.json", TrainSpecSchema);
  }

  /**
   * @throws {NotFoundError} when there is no such job
   * @throws {NewerJobError} when a newer program wrote the file
   * @throws {ConflictError} when it is damaged
   */
  async readState(): Promise<JobState> {
    return await this.#read("state.json", JobStateSchema);
  }

  /** Replace `state.json`; for the holder of the job's lock, and for the creator before that. */
  async writeState(state: JobState): Promise<void> {
    await writeFileAtomic(this.statePath, toJson(state));
  }

  /** Keep what is in the place of one of the job's files under another name. */
  async setAside(path: string): Promise<void> {
    const time = new Date().toISOString().replaceAll(/[-:]|\..*$/g, "");
    try {
      await Deno.rename(path, `${path}.corrupted.${time}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw writeError(path, error);
    }
  }

  /** Folders that somebody put in the place of files which are written without a look at them. */
  async setFoldersAside(): Promise<void> {
    for (const path of [this.eventsPath, this.logPath, this.#resultPath]) {
      if (await isFolder(path)) await this.setAside(path);
    }
  }

  /** Say that the job is alive, to who cannot see its lock or its processes. */
  async showLife(): Promise<void> {
    const now = new Date();
    await Deno.utime(this.logPath, now, now);
  }

  /** When something was last written in the job, in milliseconds since 1970. */
  async lastSignOfLife(): Promise<number> {
    const paths = [this.logPath, this.eventsPath, this.statePath];
    return Math.max(...await Promise.all(paths.map(modifiedAt)));
  }

  /** How the job ended; null while it has not. */
  async readResult(): Promise<JobResult | null> {
    try {
      return await this.#read("result.json", JobResultSchema);
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  /** Write `result.json`. */
  async writeResult(result: JobResult): Promise<void> {
    await writeFileAtomic(this.#resultPath, toJson(result));
  }

  /** Content of a configuration named in the spec. */
  async readConfig(name: string): Promise<string> {
    return await Deno.readTextFile(join(this.path, name));
  }

  get #resultPath(): string {
    return join(this.path, "result.json");
  }

  async #read<T>(
    name: string,
    schema: v.BaseSchema<unknown, T, v.BaseIssue<unknown>>,
  ): Promise<T> {
    const path = join(this.path, name);
    let json: string;
    try {
      json = await Deno.readTextFile(path);
    } catch (error) {
      if (obstacleError("read", path, error) !== null) {
        throw new ConflictError(`Cannot read "${path}": it is damaged`, { cause: error });
      }
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new NotFoundError(`No job "${this.jobId}" here: "${path}" does not exist`);
    }
    try {
      const value = parseVersioned(json);
      if (value.version <= VERSION) return v.parse(schema, value);
    } catch (error) {
      throw new ConflictError(`Cannot read "${path}": it is damaged`, { cause: error });
    }
    throw new NewerJobError(`Cannot read "${path}": a newer sleap-rtc wrote it`, {
      hint: "Update sleap-rtc on this machine.",
    });
  }
}

/** What a job's file says was written by a newer program than this one: exit code 7. */
export class NewerJobError extends ConflictError {}

function parseVersioned(json: string): { version: number } {
  return v.parse(v.looseObject({ version: v.number() }), JSON.parse(json));
}

/**
 * The lock that a worker holds for life.
 *
 * @param root absolute path of the registry root
 */
export function workerLockPath(root: string): string {
  return join(root, "jobs", "worker.lock");
}

/** Is this the status of a job that ended? */
export function isFinalStatus(status: JobState["status"]): status is JobResult["status"] {
  return status !== "queued" && status !== "running";
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw readError(folder, error);
  }
}

async function isOlderThanAnHour(path: string): Promise<boolean> {
  const time = await modifiedAt(path);
  return time > 0 && time < Date.now() - 3_600_000;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
