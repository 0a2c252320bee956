/** A Python client's predictions, with the worker's queue, real supervisors and the stand-in. */
import assert from "node:assert/strict";
import { decodeLegacyJob } from "../../../lib/protocol/legacy_job.ts";
import { sha256File } from "../../../lib/files/hash.ts";
import { identifyProcess } from "../../../worker/host/process_identity.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { JobQueue } from "../../../worker/queue.ts";
import { JobOrder } from "../../../worker/view/job_order.ts";
import { JobWatchers } from "../../../worker/watchers.ts";
import { storesOf, type WorkerContext } from "../../../worker/worker_context.ts";
import { LegacyClient } from "../../support/legacy_client.ts";
import { endOf, PredictionBed } from "../../support/predictions.ts";
import type { StandInScript } from "../../support/stand_in.ts";
import { fileExists } from "../../support/training.ts";

/** A worker of two models, whose queue starts what it takes. */
class LegacyBed implements AsyncDisposable {
  readonly predictions: PredictionBed;
  readonly context: WorkerContext;

  private constructor(predictions: PredictionBed, context: WorkerContext) {
    this.predictions = predictions;
    this.context = context;
  }

  static async create(script: StandInScript = {}): Promise<LegacyBed> {
    const predictions = await PredictionBed.create(script);
    const { world, registry } = predictions;
    const { root } = registry;
    const queue = new JobQueue(registry, { trainer: world.trainer, maxJobs: 1 });
    await queue.start();
    return new LegacyBed(predictions, {
      info: { name: "gpu1", host: "h", root, version: "0", mounts: [] },
      registry,
      queue,
      watchers: new JobWatchers(await identifyProcess(Deno.pid), "continue"),
      jobOrder: new JobOrder(root),
      videosOf: () => Promise.resolve({ videos: [], sources: [] }),
      inspect: (path) =>
        Promise.resolve({
          kind: "video",
          videos: [{ path, exists: true, frames: 10 }],
          frames: 10,
          labeledFrames: 0,
          userLabeledFrames: 0,
          predictedFrames: 0,
          suggestedFrames: 0,
        }),
      ...storesOf(root, [{ path: world.folder, label: "data" }]),
    });
  }

  /** Ask for predictions by both models, named as Python's command line names them. */
  async ask(client: LegacyClient, wishes: Record<string, unknown> = {}): Promise<void> {
    const model_paths = this.predictions.models.map(({ model_id }) => model_id);
    const asked = { type: "track", data_path: this.predictions.data, model_paths, ...wishes };
    await client.send(`JOB_SUBMIT::1f2e3d4c::${JSON.stringify(asked)}`);
  }

  /** The only job. */
  async job(): Promise<JobFolder> {
    const [job] = await JobFolder.list(this.predictions.registry.root);
    assert.ok(job);
    return job;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.queue.close();
    await this.predictions[Symbol.asyncDispose]();
  }
}

Deno.test("track: progress, the predictions as they are on the worker, then the end", async () => {
  await using bed = await LegacyBed.create();
  await using client = await LegacyClient.connect(bed.context);
  await bed.ask(client, { output_path: "predictions.slp", frames: "0-9" });
  const messages = await client.until("JOB_COMPLETE");
  const { result } = await endOf(await bed.job());
  assert.equal(messages[0], `JOB_ACCEPTED::${result.job_id}`);
  const progress = messages.filter((message) => /^JOB_LOG::\{"n_processed": /.test(`${message}`));
  assert.equal(progress.length, 3);
  const at = messages.findIndex((message) => `${message}`.startsWith("FILE_META"));
  assert.equal(messages[at], `FILE_META::predictions.slp:${result.output?.bytes}:`);
  const chunks = messages.slice(at + 1, -2);
  assert.ok(chunks.every((chunk) => chunk instanceof Uint8Array));
  const path = bed.predictions.path("received.slp");
  await Deno.writeFile(path, new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()));
  assert.equal(await sha256File(path), result.output?.sha256);
  assert.equal(messages.at(-2), "END_OF_FILE");
});

Deno.test("track: sleap-nn's own error is the failure, and no file is sent", async () => {
  const stderr = ["RuntimeError: CUDA is gone"];
  await using bed = await LegacyBed.create({ failAt: { stage: "frames", batch: 1, stderr } });
  await using client = await LegacyClient.connect(bed.context);
  await bed.ask(client);
  const messages = await client.until("JOB_FAILED");
  assert.match(String(messages.at(-1)), /CUDA is gone/);
  assert.ok(!messages.some((message) => `${message}`.startsWith("FILE_META")));
});

Deno.test("track: a model that is not there is rejected", async () => {
  await using bed = await LegacyBed.create();
  await using client = await LegacyClient.connect(bed.context);
  await bed.ask(client, { model_paths: ["ffff0000"] });
  assert.match(await client.text(), /^JOB_REJECTED::1f2e3d4c::.*ffff0000/);
});

Deno.test("track: a client that cancels; one that leaves, whose predictions stay", async () => {
  for (const leaves of [false, true]) {
    await using bed = await LegacyBed.create();
    const { world } = bed.predictions;
    const [reached, go] = [world.path("reached"), world.path("go")];
    await world.setScript({
      touchFileAt: { stage: "half", file: reached },
      waitForFileAt: { stage: "half", file: go },
    });
    await using client = await LegacyClient.connect(bed.context);
    await bed.ask(client);
    await fileExists(reached);
    if (leaves) {
      await client.leave();
      await Deno.writeTextFile(go, "");
      const { result } = await endOf(await bed.job());
      assert.equal(result.status, "succeeded");
      assert.equal((await Deno.stat(result.output?.path ?? "")).size, result.output?.bytes);
    } else {
      await client.send("JOB_CANCEL");
      const failed = decodeLegacyJob(String((await client.until("JOB_FAILED")).at(-1)));
      assert.ok(failed?.type === "failed");
      assert.equal(failed.failure.message, "Job cancelled by user");
      assert.equal((await endOf(await bed.job())).result.output ?? null, null);
    }
  }
});
