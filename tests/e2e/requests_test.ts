/** A real training that somebody stops, and one that somebody finishes early. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobEvent, JobRequestKind } from "../../lib/protocol/job_events.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { readEvents } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { spawnCli } from "../support/cli.ts";
import { engineForTests, makeDataset, type TestEngine } from "../support/engine.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo/single_instance.yaml", import.meta.url));
const engine = await engineForTests();

interface AskedTraining {
  code: number;
  stderr: string;
  // deno-lint-ignore no-explicit-any
  model: any;
  events: JobEvent[];
  folder: string;
}

/** Train 50 epochs with loader processes, and ask when the first one has its checkpoint. */
async function trainAndAsk(
  { python, sleapNn }: TestEngine,
  folder: string,
  what: JobRequestKind,
): Promise<AskedTraining> {
  const data = await makeDataset(python, join(folder, "data"), { animals: 1, frames: 20 });
  const config = join(folder, "single_instance.yaml");
  const text = await Deno.readTextFile(DEMO);
  await Deno.writeTextFile(config, text.replaceAll("num_workers: 0", "num_workers: 1"));
  const labels = ["--labels", data.labels, "--val-labels", data.valLabels];
  const args = ["train", "--local", "--json", "--config", config, "--max-epochs", "50", ...labels];
  const env = { SLEAP_RTC_SLEAP_NN: sleapNn, OMP_NUM_THREADS: "1" };
  const training = spawnCli(args, { cwd: folder, env });
  const job = await firstCheckpoint(folder);
  await askOfJob(job, await ModelRegistry.open(folder), what);
  const { code, stdout, stderr } = await training.ended;
  const [model] = JSON.parse(stdout).models;
  return { code, stderr, model, events: await readEvents(job.eventsPath), folder };
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" }));
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The only job, once it has written a checkpoint. */
async function firstCheckpoint(root: string): Promise<JobFolder> {
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [job] = await JobFolder.list(root);
    if (job === undefined) continue;
    const events = await readEvents(job.eventsPath);
    if (events.some((event) => event.type === "checkpoint" && event.kind === "last")) return job;
  }
}

function test(name: string, fn: (engine: TestEngine, folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: engine === null,
    fn: () => withFolder(async (folder) => void (engine && await fn(engine, folder))),
  });
}

test("a real training is stopped: the last.ckpt of the epoch that ran", async (engine, root) => {
  const { code, stderr, model, events, folder } = await trainAndAsk(engine, root, "stop");
  assert.equal(code, 6, stderr);
  assert.equal(model.status, "interrupted");
  assert.equal(model.reason, "stopped");
  assert.match(model.error, /ended on request/);
  const asked = events.findIndex(({ type }) => type === "requested");
  const epochs = events.slice(0, asked).filter(({ type }) => type === "epoch").length;
  assert.equal(model.checkpoint.epoch, epochs, "0-based: so many were finished before");
  const checkpoint = await readCheckpoint(join(folder, model.last_checkpoint_path));
  assert.ok(checkpoint.ok && checkpoint.epoch === epochs);
  assert.match(model.last_checkpoint_path, /\/last\.ckpt$/);
});

test("a real training is finished early: completed and evaluated", async (engine, root) => {
  const { code, stderr, model, folder } = await trainAndAsk(engine, root, "finish");
  assert.equal(code, 0, stderr);
  assert.equal(model.status, "completed");
  assert.equal(model.stopped_early, true);
  assert.equal(model.warning, null);
  assert.ok(model.metrics.epochs_completed < 50);
  const run = join(folder, "models", `single_instance_${model.id}`);
  const names = (await Array.fromAsync(Deno.readDir(run))).map(({ name }) => name);
  assert.ok(names.includes("metrics.val.0.json"), names.join(" "));
});
