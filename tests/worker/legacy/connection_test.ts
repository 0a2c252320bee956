/** A Python client over real WebRTC; the job's supervisor is the test. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { JobEventBody, Output } from "../../../lib/protocol/job_events.ts";
import type { JobSpec } from "../../../lib/protocol/job_spec.ts";
import { decodeLegacyJob, type LegacyJobMessage } from "../../../lib/protocol/legacy_job.ts";
import { decodeSubmit } from "../../../lib/protocol/job_submit.ts";
import { readRequest } from "../../../worker/requests/job_request.ts";
import { ActedJob } from "../../support/acted_job.ts";
import { LegacyClient } from "../../support/legacy_client.ts";
import { WorkerBed } from "../../support/worker_bed.ts";

const KEY = "0123456789abcdef";

/** sleap-nn begins; its output is told from there on. */
function started(log_offset: number): JobEventBody {
  return { type: "predictor_started", pid: 1, command: ["sleap-nn"], log_offset };
}

interface Served extends AsyncDisposable {
  bed: WorkerBed;
  job: ActedJob;
  client: LegacyClient;
}

/** A client whose job, known by its key, was accepted and waits. */
async function accepted(
  spec: (bed: WorkerBed) => JobSpec,
  wishes: Record<string, unknown> = {},
): Promise<Served> {
  const bed = await WorkerBed.create();
  const job = await ActedJob.submit(bed.context.queue, spec(bed));
  const client = await LegacyClient.connect(bed.context);
  const asked = { type: "track", data_path: "clip.mp4", idempotency_key: KEY, ...wishes };
  await client.send(`JOB_SUBMIT::1f2e3d4c::${JSON.stringify(asked)}`);
  assert.equal(await client.text(), `JOB_ACCEPTED::${job.folder.jobId}`);
  return {
    bed,
    job,
    client,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await job[Symbol.asyncDispose]();
      await bed[Symbol.asyncDispose]();
    },
  };
}

function predictions(output: string | null): (bed: WorkerBed) => JobSpec {
  return ({ root }) => ({
    version: 1,
    job_id: "job_22222222",
    type: "track",
    created_at: "2026-11-24T08:00:00.000Z",
    predictors: [{
      model_id: "aaaaaaaa",
      alias: null,
      model_type: "centroid",
      checkpoint_path: join(root, "best.ckpt"),
      config_path: join(root, "training_config.yaml"),
      sha256: "a".repeat(64),
    }],
    data_path: join(root, "clip.mp4"),
    // Without a wish it lies in the folder of the job, whose ID follows from the key.
    output_path: output === null
      ? join(root, "jobs", `job_${sha256(KEY).slice(0, 8)}`, "predictions.slp")
      : join(root, output),
    overwrite: false,
    path_map: {},
    options: {},
    base_dir: root,
    allow_interrupted: false,
    idempotency_key: KEY,
  });
}

function training(...types: string[]): (bed: WorkerBed) => JobSpec {
  return ({ root }) => ({
    version: 1,
    job_id: "job_33333333",
    type: "train",
    created_at: "2026-11-24T08:00:00.000Z",
    models: types.map((model_type, index) => ({
      config: `configs/${index}.yaml`,
      model_type,
      run_name: "run",
      full_hash: "a".repeat(64),
      dataset: null,
      training_job_hash: null,
      labels_sha256: null,
      script_overrides: [],
    })),
    labels_path: null,
    val_labels_path: null,
    base_dir: root,
    overrides: {},
    idempotency_key: KEY,
  });
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Write predictions where a job has to. */
async function writeOutput({ job }: Served, content: Uint8Array): Promise<Output> {
  const spec = await job.folder.readSpec();
  assert.ok(spec.type === "track");
  await Deno.writeFile(spec.output_path, content);
  return { path: spec.output_path, sha256: sha256(content), bytes: content.length };
}

function decoded(message: string | Uint8Array | undefined): LegacyJobMessage | null {
  return typeof message === "string" ? decodeLegacyJob(message) : null;
}

function completed(message: string | Uint8Array | undefined) {
  const complete = decoded(message);
  assert.ok(complete?.type === "complete", String(message));
  return complete.result;
}

function failed(message: string | Uint8Array | undefined) {
  const failure = decoded(message);
  assert.ok(failure?.type === "failed", String(message));
  return failure.failure;
}

Deno.test("track: accepted, the log, then the file, then the end", async () => {
  await using served = await accepted(predictions(null));
  const { job, client } = served;
  await job.write("of the supervisor\n");
  await job.begin();
  await job.write('{"n_processed": 4, "n_total": 8}\n 50%|##\rdone\n');
  await job.happen(started(18));
  assert.equal(await client.text(), 'JOB_LOG::{"n_processed": 4, "n_total": 8}');
  assert.equal(await client.text(), "JOB_LOG::CR:: 50%|##");
  assert.equal(await client.text(), "JOB_LOG::done");
  await job.write("while nothing happens\n");
  assert.equal(await client.text(), "JOB_LOG::while nothing happens");
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  const output = await writeOutput(served, content);
  await job.happen({ type: "predictions_written", output, frames: 8 });
  await job.write("no line end");
  await job.end({ status: "succeeded", error: null, output });
  const messages = await client.until("JOB_COMPLETE");
  assert.equal(messages[0], "JOB_LOG::no line end");
  assert.equal(messages[1], "FILE_META::clip.predictions.slp:60000:");
  const chunks = messages.slice(2, -2).filter((chunk) => typeof chunk !== "string");
  assert.deepEqual(chunks.map(({ length }) => length), [32_768, 27_232]);
  assert.deepEqual(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), content);
  assert.equal(messages.at(-2), "END_OF_FILE");
  const { duration_seconds, ...result } = completed(messages.at(-1));
  assert.deepEqual(result, {
    job_id: job.folder.jobId,
    job_type: "track",
    success: true,
    stopped_early: false,
    output_path: output.path,
  });
  assert.ok(duration_seconds >= 0 && duration_seconds < 60);
});

for (
  const [output, name] of [
    ["mine.predictions.slp", "mine.predictions.slp"],
    ["predictions.slp", "predictions.slp"],
    ["out.slp", "out.predictions.slp"],
    ["a:b.slp", "a_b.predictions.slp"],
  ] as const
) {
  Deno.test(`track: an output at ${output} is sent as ${name}, which Python keeps`, async () => {
    await using served = await accepted(predictions(output));
    const { job, client } = served;
    await job.begin();
    const written = await writeOutput(served, Uint8Array.of(1, 2, 3));
    await job.end({ status: "succeeded", error: null, output: written });
    assert.equal(await client.text(), `FILE_META::${name}:3:`);
    assert.deepEqual(await client.next(), Uint8Array.of(1, 2, 3));
    assert.equal(await client.text(), "END_OF_FILE");
    assert.equal(basename(completed(await client.text()).output_path ?? ""), output);
  });
}

Deno.test("track: an output without a folder is the client's own name for the file", async () => {
  await using served = await accepted(predictions(null), { output_path: "mine.predictions.slp" });
  const { job, client } = served;
  await job.begin();
  const output = await writeOutput(served, Uint8Array.of(1, 2, 3));
  await job.end({ status: "succeeded", error: null, output });
  assert.equal(await client.text(), "FILE_META::mine.predictions.slp:3:");
});

Deno.test("track: predictions that are gone or others by now are a failure, not kept", async () => {
  const changes = [
    (path: string) => Deno.remove(path),
    (path: string) => Deno.writeFile(path, Uint8Array.of(1)),
    (path: string) => Deno.writeFile(path, Uint8Array.of(3, 2, 1)),
  ];
  for (const change of changes) {
    await using served = await accepted(predictions(null));
    const { job, client } = served;
    await job.begin();
    const output = await writeOutput(served, Uint8Array.of(1, 2, 3));
    await change(output.path);
    await job.end({ status: "succeeded", error: null, output });
    const messages = await client.until("JOB_FAILED");
    assert.ok(!messages.includes("END_OF_FILE"));
    assert.match(failed(messages.at(-1)).message, /^failed to stream output: /);
  }
});

Deno.test("track: a job that does not succeed is a failure with its error", async () => {
  const ends = [
    ["failed", "CUDA out of memory", "CUDA out of memory"],
    ["interrupted", null, "The job was interrupted"],
    ["cancelled", null, "Job cancelled by user"],
  ] as const;
  for (const [status, error, message] of ends) {
    await using served = await accepted(predictions(null));
    await served.job.begin();
    await served.job.end({ status, error });
    const { duration_seconds, ...failure } = failed(await served.client.text());
    const job_id = served.job.folder.jobId;
    assert.deepEqual(failure, { job_id, job_type: "track", message, error: message });
    assert.ok((duration_seconds ?? -1) >= 0);
  }
});

for (
  const [message, what] of [
    ["JOB_STOP", "stop"],
    ["JOB_CANCEL", "cancel"],
    ["JOB_CANCEL::ID", "cancel"],
    ['CONTROL_COMMAND::{"command": "stop"}', "stop"],
    ['ZMQ_CTRL::{"command": "cancel"}', "cancel"],
  ] as const
) {
  Deno.test(`${message}: the supervisor is asked to ${what}`, async () => {
    await using served = await accepted(predictions(null));
    const { job, client } = served;
    await job.begin();
    await client.send(message.replace("ID", job.folder.jobId));
    while ((await readRequest(job.folder)).end?.what !== what) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
}

Deno.test("JOB_CANCEL of a job that waits in the queue ends it", async () => {
  await using served = await accepted(predictions(null));
  await served.client.send("JOB_CANCEL");
  assert.equal(failed(await served.client.text()).message, "Job cancelled by user");
  assert.equal((await served.job.folder.readState()).status, "cancelled");
});

Deno.test("JOB_STOP of a job that waits is refused in its log", async () => {
  await using served = await accepted(predictions(null));
  await served.client.send("JOB_STOP");
  assert.match(await served.client.text(), /^JOB_LOG::Cannot stop job job_\w+: it has not begun$/);
});

Deno.test("a client that goes: the job goes on, and was watched until then", async () => {
  await using served = await accepted(predictions(null));
  const { job, client } = served;
  await job.begin();
  await job.happen(started(0));
  await job.write("a line\n");
  assert.equal(await client.text(), "JOB_LOG::a line");
  assert.equal((await readRequest(job.folder)).watch.state, "attached");
  await client.leave();
  const request = await readRequest(job.folder);
  assert.deepEqual([request.watch.state, request.end], ["none", null]);
  const output = await writeOutput(served, Uint8Array.of(7));
  await job.end({ status: "succeeded", error: null, output });
  assert.deepEqual(await Deno.readFile(output.path), Uint8Array.of(7));
});

Deno.test("a client that goes in the middle of the file harms nobody", async () => {
  await using served = await accepted(predictions(null));
  const { job, client } = served;
  await job.begin();
  const output = await writeOutput(served, new Uint8Array(4_000_000));
  await job.end({ status: "succeeded", error: null, output });
  assert.match(await client.text(), /^FILE_META::/);
  await client.leave();
  assert.equal((await Deno.stat(output.path)).size, 4_000_000);
});

Deno.test("a second job waits: its place is told", async () => {
  await using served = await accepted(predictions(null));
  const { bed, client } = served;
  const other = { ...predictions(null)(bed), idempotency_key: "another-key" };
  await using _job = await ActedJob.submit(bed.context.queue, other);
  await client.send(`JOB_SUBMIT::2::{"type": "track", "idempotency_key": "another-key"}`);
  assert.match(await client.text(), /^JOB_ACCEPTED::job_/);
  const { jobId } = served.job.folder;
  assert.equal(await client.text(), `JOB_LOG::Waiting in the queue, place 1: waits for ${jobId}`);
});

Deno.test("train: log lines as they are, epochs, an end for each model, no inference", async () => {
  await using served = await accepted(training("centroid", "centered_instance"));
  const { job, client } = served;
  const { jobId } = job.folder;
  const outcome = {
    status: "completed",
    reason: null,
    error: null,
    warning: null,
    metrics: { final_val_loss: 1, best_val_loss: 1, best_epoch: 0, epochs_completed: 1 },
    checkpoint_path: null,
    checkpoint: null,
    last_checkpoint_path: null,
    config_path: null,
    duration_seconds: 2,
    hyperparameters: null,
  } as const;
  await job.begin();
  const register = async (model: number, model_type: string) =>
    await job.happen({
      type: "model_registered",
      model,
      attempt: 1,
      model_id: "aaaaaaaa",
      model_type,
      folder: "models/x",
    });
  await register(0, "centroid");
  await job.write("Epoch 1\nJOB_COMPLETE::{}\nbar\r");
  await job.happen({
    type: "trainer_started",
    model: 0,
    attempt: 1,
    pid: 1,
    command: [],
    max_epochs: 1,
    log_offset: 0,
  });
  assert.equal(await client.text(), "Epoch 1\n");
  assert.equal(await client.text(), " JOB_COMPLETE::{}\n");
  const epoch = { type: "epoch", model: 0, attempt: 1, epoch: 0 } as const;
  await job.happen({ ...epoch, train_loss: 0.5, val_loss: null });
  assert.equal(await client.text(), 'JOB_PROGRESS::{"epoch":0,"loss":0.5}');
  await job.write("\n");
  const finished = { type: "model_finished", model_id: "aaaaaaaa", attempt: 1 } as const;
  await job.happen({ ...finished, model: 0, outcome });
  assert.equal(await client.text(), "bar\n");
  assert.equal(completed(await client.text()).job_id, `${jobId}_0`);
  await register(1, "centered_instance");
  assert.equal(await client.text(), "MODEL_TYPE::centered_instance");
  const error = "it broke";
  const broken = { ...outcome, status: "failed", error, reason: "crash" } as const;
  await job.happen({ ...finished, model: 1, outcome: broken });
  const failure = failed(await client.text());
  assert.deepEqual([failure.job_id, failure.message], [`${jobId}_1`, "it broke"]);
  await job.end({ status: "failed", error });
  assert.equal(await client.text(), 'INFERENCE_SKIPPED::{"reason":"training_failed"}');
});

Deno.test("train: a job that ends before its first model is a failure too", async () => {
  await using served = await accepted(training("centroid"));
  await served.job.begin();
  await served.job.end({ status: "failed", error: "no trainer" });
  assert.equal(failed(await served.client.text()).message, "no trainer");
  assert.match(await served.client.text(), /^INFERENCE_SKIPPED::/);
});

Deno.test("what a client asks of files: mounts, paths, videos; the rest is refused", async () => {
  await using bed = await WorkerBed.create();
  const mount = join(bed.root, "uploads");
  await Deno.mkdir(mount, { recursive: true });
  for (const name of ["clip.mp4", "labels.slp"]) await Deno.writeTextFile(join(mount, name), "x");
  bed.context.videosOf = () =>
    Promise.resolve({
      videos: [join(mount, "clip.mp4"), "C:\\videos\\b.mp4"],
      sources: [],
    });
  await using client = await LegacyClient.connect(bed.context);
  const ask = async (message: string) => {
    await client.send(message);
    return await client.text();
  };
  assert.equal(await ask("FS_GET_MOUNTS"), "FS_MOUNTS_RESPONSE::[]");
  assert.match(await ask("FS_GET_INFO"), /^FS_INFO_RESPONSE::\{"worker_id":"gpu1",/);
  assert.match(await ask("FS_LIST_DIR::/::0"), /^FS_ERROR::INVALID_REQUEST::/);
  assert.match(await ask("USE_WORKER_PATH::"), /^WORKER_PATH_ERROR::Path is required$/);
  assert.match(await ask("USE_WORKER_PATH::/etc/passwd"), /^WORKER_PATH_ERROR::.*not in a folder/);
  assert.match(await ask(`USE_WORKER_PATH::${mount}/x.slp`), /^WORKER_PATH_ERROR::.*there is no/);
  const clip = join(mount, "clip.mp4");
  assert.equal(await ask(`USE_WORKER_PATH::${clip}`), `WORKER_PATH_OK::${clip}`);
  const labels = join(mount, "labels.slp");
  assert.equal(await ask(`USE_WORKER_PATH::${labels}`), `WORKER_PATH_OK::${labels}`);
  const [, videos = ""] = (await client.text()).split("FS_CHECK_VIDEOS_RESPONSE::");
  assert.deepEqual(JSON.parse(videos), {
    slp_path: labels,
    total_videos: 2,
    missing: [{ filename: "b.mp4", original_path: "C:\\videos\\b.mp4" }],
    accessible: 1,
    embedded: 0,
  });
});

Deno.test("a path that cannot be used is rejected with Python's field and code", async () => {
  await using bed = await WorkerBed.create();
  await Deno.mkdir(join(bed.root, "uploads"), { recursive: true });
  await using client = await LegacyClient.connect(bed.context);
  const submit = async (labels_path: string) => {
    const asked = { type: "train", config_content: "x: 1", labels_path };
    await client.send(`JOB_SUBMIT::c1::${JSON.stringify(asked)}`);
    const answer = decodeSubmit(await client.text());
    assert.ok(answer?.type === "rejected" && answer.clientJobId === "c1");
    const { field, code } = answer.errors[0] ?? {};
    return [field, code];
  };
  assert.deepEqual(await submit("/etc/passwd"), ["labels_path", "NOT_ALLOWED"]);
  const missing = join(bed.root, "uploads", "x.slp");
  assert.deepEqual(await submit(missing), ["labels_path", "PATH_NOT_FOUND"]);
});

Deno.test("garbage is passed over, and the next is served", async () => {
  await using bed = await WorkerBed.create();
  await using client = await LegacyClient.connect(bed.context);
  const texts = ["", "JOB_STOP", "JOB_CANCEL::job_00000000", "AUTH_RESPONSE::x", "FILE_META::a:b"];
  for (const text of [...texts, "RPC::{}", "JOB_SUBMIT::", "\0", "x".repeat(60_000)]) {
    if (text !== "") await client.send(text);
  }
  for (let n = 1; n < 50; n++) await client.send(crypto.getRandomValues(new Uint8Array(n * 999)));
  await client.send("FS_GET_MOUNTS");
  assert.equal(await client.text(), "FS_MOUNTS_RESPONSE::[]");
  await client.send("JOB_SUBMIT::c1::nonsense");
  assert.match(await client.text(), /^JOB_REJECTED::c1::/);
});
