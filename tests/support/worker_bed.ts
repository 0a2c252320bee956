/**
 * A worker without a room: what its connections work with, and a job that has ended.
 *
 * @module
 */
import { join } from "node:path";
import { encodeJobEvent } from "../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../lib/protocol/job_spec.ts";
import type { WorkerInfo } from "../../lib/protocol/worker_calls.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { RpcPeer } from "../../lib/rtc/rpc_peer.ts";
import { serveConnection } from "../../worker/connection.ts";
import { identifyProcess, type ProcessIdentity } from "../../worker/host/process_identity.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { JobOrder } from "../../worker/view/job_order.ts";
import { JobQueue } from "../../worker/queue.ts";
import { JobWatchers } from "../../worker/watchers.ts";
import { storesOf, type WorkerContext, workerInfo } from "../../worker/worker_context.ts";
import { connectPair, type Pair } from "./rtc.ts";
import { configText } from "./training.ts";

const TIME = "2026-11-24T08:00:00.000Z";
const LATER = "2026-11-24T09:00:00.000Z";
/** A job that has ended. */
export const ENDED_JOB = "job_11111111";

/** A client that is connected by WebRTC. */
export interface ServedClient extends AsyncDisposable {
  /** Everything may be sent on its channels. */
  client: Pair["client"];
  /** The worker's end. */
  worker: Pair["worker"];
  /** Resolved when the worker is done with the client. */
  served: Promise<void>;
}

/** The worker's folder; removed at the end of its scope. */
export class WorkerBed implements AsyncDisposable {
  readonly root: string;
  readonly context: WorkerContext;

  private constructor(registry: ModelRegistry, by: ProcessIdentity) {
    this.root = registry.root;
    const { root } = this;
    const info = { name: "gpu1", host: "h", root, version: "0", mounts: [] };
    this.context = {
      info,
      registry,
      queue: new JobQueue(registry, { trainer: join(root, "no-sleap-nn"), maxJobs: 1 }),
      watchers: new JobWatchers(by, "continue"),
      jobOrder: new JobOrder(root),
      videosOf: () => Promise.resolve({ videos: [], sources: [] }),
      inspect: () => Promise.reject(new Error("nothing is predicted here")),
      ...storesOf(root, []),
    };
  }

  /** Make the folder and the job. */
  static async create(events = 3): Promise<WorkerBed> {
    const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    const bed = new WorkerBed(
      await ModelRegistry.open(root),
      await identifyProcess(Deno.pid),
    );
    await addEndedJob(root, events);
    return bed;
  }

  /** A further client. */
  async connect(): Promise<ServedClient> {
    const pair = await connectPair({ timings: { goodbye: 100 } });
    const served = serveConnection(pair.worker, this.context);
    return {
      client: pair.client,
      worker: pair.worker,
      served,
      [Symbol.asyncDispose]: async () => {
        await pair[Symbol.asyncDispose]();
        await served;
      },
    };
  }

  /** A job that waits in the queue, which starts nothing. */
  async addWaitingJob(): Promise<JobFolder> {
    const { queue } = this.context;
    const jobId = `job_${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
    const spec = { ...jobSpec(this.root, jobId), created_at: LATER };
    const configs = new Map([["configs/0.yaml", configText("centroid", 7)]]);
    return await queue.find(await queue.submit({ spec, configs, warnings: [] }));
  }

  /** What the worker tells of itself: no job runs. */
  get info(): WorkerInfo {
    return workerInfo(this.context);
  }

  /** What an honest client that comes now is told. */
  async nextClientIsServed(): Promise<boolean> {
    await using next = await this.connect();
    const info = await new RpcPeer(next.client.control, { peerId: "worker" }).call("worker.info");
    return JSON.stringify(info) === JSON.stringify(this.info);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.queue.close();
    await Deno.remove(this.root, { recursive: true });
  }
}

async function addEndedJob(root: string, count: number): Promise<void> {
  const models = [{ model_id: "aaaaaaaa", status: "completed" as const }];
  const folder = await JobFolder.create(root, jobSpec(root, ENDED_JOB), {
    version: 1,
    job_id: ENDED_JOB,
    status: "succeeded",
    updated_at: TIME,
    starter: null,
    supervisor: null,
    trainer: null,
    models,
  }, new Map());
  const lines = Array.from({ length: count }, (_, n) => {
    return `${encodeJobEvent({ seq: n + 1, time: TIME, type: "warning", message: `${n}` })}\n`;
  });
  await Deno.writeTextFile(folder.eventsPath, lines.join(""));
  await folder.writeResult({
    version: 1,
    job_id: ENDED_JOB,
    status: "succeeded",
    error: null,
    finished_at: TIME,
    models,
  });
}

function jobSpec(root: string, jobId: string): JobSpec {
  return {
    version: 1,
    job_id: jobId,
    type: "train",
    created_at: TIME,
    models: [{
      config: "configs/0.yaml",
      model_type: "centroid",
      run_name: "run",
      full_hash: "a".repeat(64),
      dataset: null,
      training_job_hash: null,
      labels_sha256: null,
      script_overrides: [],
    }],
    labels_path: null,
    val_labels_path: null,
    base_dir: root,
    overrides: {},
  };
}
