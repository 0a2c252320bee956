/**
 * A job in a root folder of its own, run step by step as its supervisor does, with a trainer that
 * writes what the test says.
 *
 * @module
 */
import { hostname } from "node:os";
import { join } from "node:path";
import type { JobSpec } from "../../../lib/protocol/job_spec.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { FirstEpoch } from "../../../worker/attempts/first_epoch.ts";
import { JobFolder, type JobState } from "../../../worker/job_folder.ts";
import { JobRecord } from "../../../worker/record/job_record.ts";
import type { ProcessIdentity } from "../../../worker/host/process_identity.ts";
import { outcomeOf } from "../../../worker/trainer/outcome.ts";
import { TrainerWatch } from "../../../worker/trainer/watch.ts";
import { checkpointBytes } from "../checkpoint.ts";

const TIME = "2026-11-24T08:00:00.000Z";
const FINISHED = "2026-11-24 08:00:00 | Finished training at: 2026-11-24 08:00:00.857483\n";
const MODEL_TYPE = "centroid";

/** A process of this machine before its last boot. */
export const GONE: ProcessIdentity = {
  pid: 999_999,
  start_time: "1",
  boot_id: "gone",
  pid_namespace: null,
  host: hostname(),
};

/** The description of a job with one model. */
export function specOf(jobId: string): JobSpec {
  return {
    version: 1,
    job_id: jobId,
    type: "train",
    created_at: TIME,
    models: [{
      config: "configs/0.yaml",
      model_type: MODEL_TYPE,
      run_name: "first",
      full_hash: "a".repeat(64),
      dataset: "mice.slp",
      training_job_hash: null,
      labels_sha256: null,
      script_overrides: [],
    }],
    labels_path: "/data/mice.slp",
    val_labels_path: null,
    base_dir: "/data",
    overrides: { max_epochs: 3 },
  };
}

/** Its state when it is submitted. */
export function queuedState(jobId: string): JobState {
  return {
    version: 1,
    job_id: jobId,
    status: "queued",
    updated_at: TIME,
    starter: GONE,
    supervisor: null,
    trainer: null,
    models: [{ model_id: null, status: "pending" }],
  };
}

/** Submit such a job. */
export async function submit(root: string, jobId: string): Promise<JobFolder> {
  const configs = new Map([["configs/0.yaml", "trainer_config: {}\n"]]);
  return await JobFolder.create(root, specOf(jobId), queuedState(jobId), configs);
}

/** A submitted job whose supervisor the test is. */
export class SteppedJob {
  readonly folder: JobFolder;
  readonly #registry: ModelRegistry;
  #record: JobRecord | null = null;
  #modelId = "";

  private constructor(folder: JobFolder, registry: ModelRegistry) {
    this.folder = folder;
    this.#registry = registry;
  }

  /** Submit one. */
  static async submit(root: string, jobId: string): Promise<SteppedJob> {
    const registry = await ModelRegistry.open(root);
    return new SteppedJob(await submit(root, jobId), registry);
  }

  /** The job's record, once {@linkcode SteppedJob.start} was called. */
  get record(): JobRecord {
    if (this.#record === null) throw new Error("not started");
    return this.#record;
  }

  /** As a supervisor begins. */
  async start(): Promise<void> {
    this.#record = await JobRecord.open(
      this.folder,
      this.#registry,
      await this.folder.readState(),
    );
    await this.record.setState({ status: "running", starter: null, supervisor: GONE });
  }

  /** Register the model, and write down its trainer. */
  async register(): Promise<void> {
    this.#modelId = await this.#registry.register({
      id: "aaaaaaaa",
      model_type: MODEL_TYPE,
      job_id: this.folder.jobId,
      model_index: 0,
    });
    await this.record.setModel(0, { model_id: this.#modelId, status: "training" });
    await this.record.registered(0, this.#modelId, MODEL_TYPE);
  }

  /** Write down a trainer that is about to go. */
  async startTrainer(): Promise<void> {
    const trainer = { ...GONE, model: 0, attempt: 1, started_at: TIME, log_offset: 0 };
    await this.record.setState({ trainer });
    await this.record.record({
      type: "trainer_started",
      model: 0,
      attempt: 1,
      pid: GONE.pid,
      command: ["sleap-nn"],
      max_epochs: 3,
      log_offset: 0,
      started_from: null,
    });
  }

  /** The trainer ends an epoch, and that is recorded. */
  async epoch(epoch: number): Promise<void> {
    const val_loss = 1 / (epoch + 1);
    const head = epoch === 0 ? "epoch,train/loss,val/loss\r\n" : "";
    await this.#appendAsTrainer("training_log.csv", `${head}${epoch},0.5,${val_loss}\r\n`);
    const figures = { train_loss: 0.5, val_loss };
    await this.record.record({ type: "epoch", model: 0, attempt: 1, epoch, ...figures });
  }

  /** The trainer saves checkpoints, and they are recorded. */
  async checkpoint(epoch: number, kinds: readonly ("best" | "last")[]): Promise<void> {
    for (const kind of kinds) {
      await this.#replaceAsTrainer(`${kind}.ckpt`, await checkpointBytes({ epoch, bytes: 512 }));
    }
    const watch = new TrainerWatch({
      model: 0,
      attempt: 1,
      runFolder: this.#runFolder,
      logPath: this.folder.logPath,
      logOffset: 0,
      socket: null,
      firstEpoch: new FirstEpoch(null, () => {}),
      onSight: () => {},
      storedPath: (path) => this.#registry.storedPath(path),
      record: async (body) => {
        if (body.type === "checkpoint") await this.record.record(body);
      },
    });
    await watch.stop();
  }

  /** The trainer is at its end. */
  async finishModel(): Promise<void> {
    using log = await Deno.open(this.folder.logPath, { create: true, write: true });
    await log.write(new TextEncoder().encode(FINISHED));
    const outcome = await outcomeOf({
      exitCode: 0,
      reason: "crash",
      durationSeconds: 1,
      runFolder: this.#runFolder,
      logPath: this.folder.logPath,
      logOffset: 0,
    }, this.#registry);
    await this.record.modelFinished(0, this.#modelId, outcome);
    await this.record.setModel(0, { status: outcome.status });
  }

  get #runFolder(): string {
    return join(this.folder.root, `models/${MODEL_TYPE}_${this.#modelId}`);
  }

  /** Without an fsync, as sleap-nn writes. */
  async #replaceAsTrainer(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#runFolder, name);
    using file = await Deno.open(`${path}.part`, { create: true, truncate: true, write: true });
    await file.write(bytes);
    await Deno.rename(`${path}.part`, path);
  }

  async #appendAsTrainer(name: string, text: string): Promise<void> {
    using file = await Deno.open(join(this.#runFolder, name), { create: true, write: true });
    await file.seek(0, Deno.SeekMode.End);
    await file.write(new TextEncoder().encode(text));
  }
}
