/**
 * A folder with one job of two models that nobody runs.
 *
 * @module
 */
import { join } from "node:path";
import { ModelRegistry } from "../../lib/registry.ts";
import { identifyProcess } from "../../worker/host/process_identity.ts";
import { JobFolder, type JobState } from "../../worker/job_folder.ts";

/** The job, queued, its starter being this process; removed at the end of its scope. */
export class JobBed {
  readonly folder: JobFolder;
  readonly registry: ModelRegistry;

  private constructor(folder: JobFolder, registry: ModelRegistry) {
    this.folder = folder;
    this.registry = registry;
  }

  /** Make the folder. */
  static async create(state: Partial<JobState> = {}): Promise<JobBed> {
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    const folder = new JobFolder(join(root, "jobs", "job_00000001"));
    await Deno.mkdir(folder.path, { recursive: true });
    await Deno.writeTextFile(folder.logPath, "");
    const bed = new JobBed(folder, await ModelRegistry.open(root));
    await bed.writeState(state);
    return bed;
  }

  /** Change where the job stands. */
  async writeState(change: Partial<JobState>): Promise<void> {
    await this.folder.writeState({
      version: 1,
      job_id: this.folder.jobId,
      status: "queued",
      updated_at: new Date().toISOString(),
      starter: await identifyProcess(Deno.pid),
      supervisor: null,
      trainer: null,
      models: [{ model_id: null, status: "pending" }, { model_id: null, status: "pending" }],
      ...change,
    });
  }

  /** Register the first model, as the job's supervisor does. */
  async register(): Promise<string> {
    return await this.registry.register({
      id: "a3f5e8c9",
      model_type: "centroid",
      job_id: this.folder.jobId,
      model_index: 0,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder.root, { recursive: true });
  }
}
