/**
 * A job whose supervisor is the test: it waits in the queue until it is begun, and goes as far as the
 * test lets it.
 *
 * @module
 */
import type { FileLock } from "../../lib/files/lock.ts";
import type { JobEventBody } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import { identifyProcess } from "../../worker/host/process_identity.ts";
import { EventWriter } from "../../worker/job_events.ts";
import type { JobFolder, JobResult } from "../../worker/job_folder.ts";
import type { JobQueue } from "../../worker/queue.ts";

/** The job; given up at the end of its scope. */
export class ActedJob implements AsyncDisposable {
  readonly folder: JobFolder;
  #events: EventWriter | null = null;
  #lock: FileLock | null = null;

  private constructor(folder: JobFolder) {
    this.folder = folder;
  }

  /** Put it into a queue that starts nothing. */
  static async submit(queue: JobQueue, spec: JobSpec): Promise<ActedJob> {
    const configs = new Map<string, string>();
    return new ActedJob(await queue.find(await queue.submit({ spec, configs, warnings: [] })));
  }

  /** Its supervisor starts. */
  async begin(): Promise<void> {
    const { folder } = this;
    this.#lock = await folder.lock();
    const supervisor = await identifyProcess(Deno.pid);
    await folder.writeState({ ...await folder.readState(), status: "running", supervisor });
    this.#events = await EventWriter.open(folder.eventsPath);
    await this.happen({ type: "job_started", supervisor_pid: Deno.pid, host: "h", version: "0" });
  }

  /** Something happens in it. */
  async happen(event: JobEventBody): Promise<void> {
    await this.#events?.append(event);
  }

  /** Its trainer writes. */
  async write(text: string): Promise<void> {
    await Deno.writeTextFile(this.folder.logPath, text, { append: true });
  }

  /** It ends. */
  async end(
    end: Pick<JobResult, "status" | "error"> & Partial<Pick<JobResult, "output">>,
  ): Promise<void> {
    const { folder } = this;
    const { status, error } = end;
    const state = await folder.readState();
    await this.happen({ type: "job_finished", status, error });
    await folder.writeResult({
      version: 1,
      job_id: folder.jobId,
      finished_at: new Date().toISOString(),
      models: state.models,
      ...end,
    });
    await folder.writeState({ ...state, status });
    await this.#leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }

  async #leave(): Promise<void> {
    await this.#events?.close();
    this.#lock?.release();
    [this.#events, this.#lock] = [null, null];
  }
}
