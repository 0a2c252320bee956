import assert from "node:assert/strict";
import { join } from "node:path";
import { ModelRegistry } from "../../lib/registry.ts";
import { makeTrainRequest } from "../../lib/training/train_request.ts";
import { createQueuedJob } from "../../worker/submit.ts";
import { registerDiskTests, TinyDisk } from "../support/tiny_disk.ts";
import { TrainingWorld } from "../support/training.ts";

await registerDiskTests(import.meta.url, [
  {
    name: "a disk that fills up during an epoch: the job is booked out of its reserve",
    fn: diskFillsUp,
  },
  {
    name: "a disk that fills up before the supervisor has begun: the job says why it failed",
    fn: diskFillsUpBefore,
  },
  {
    name: "a disk that is full from the start: exit 1 says so, nothing is half-written",
    fn: diskIsFull,
  },
]);

async function diskFillsUp(): Promise<void> {
  await using disk = await TinyDisk.mount("8m");
  await using world = await TrainingWorld.create();
  const root = join(disk.path, "root");
  const { training, goOn } = await world.startPaused(["--registry", root, "--json"]);
  await disk.fill();
  await goOn();
  const { code, stdout, stderr } = await training.ended;
  assert.equal(code, 6, stderr);
  const [model] = JSON.parse(stdout).models;
  assert.equal(model.status, "interrupted");
  assert.equal(model.checkpoint.epoch, 0);
  const manifest = await Deno.readTextFile(join(root, "models/.registry/manifest.json"));
  assert.equal(JSON.parse(manifest).models[model.id].status, "interrupted");
}

async function diskFillsUpBefore(): Promise<void> {
  await using disk = await TinyDisk.mount("8m");
  await using world = await TrainingWorld.create();
  const root = join(disk.path, "root");
  const registry = await ModelRegistry.open(root);
  const request = await makeTrainRequest({
    configs: [world.config],
    labels: world.labels,
    overrides: {},
    uploads: world.path("uploads"),
  });
  const job = await createQueuedJob(registry.root, request, 1);
  await disk.fill();
  await world.cli(["supervise", job.path]);
  const result = await job.readResult();
  assert.equal(result?.status, "failed");
  assert.match(result.error ?? "", /^Cannot write ".*": no space left on the disk/);
}

async function diskIsFull(): Promise<void> {
  await using disk = await TinyDisk.mount("1m");
  await using world = await TrainingWorld.create();
  await disk.fill();
  const { code, stderr } = await world.train(["--registry", join(disk.path, "root")]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot write ".*": no space left on the disk\nhint: Free some/m);
}
