import assert from "node:assert/strict";
import { JobFolder } from "../../worker/job_folder.ts";
import { readEvents } from "../../worker/job_events.ts";
import { ended, QueueBed } from "../support/queue_bed.ts";
import { configText, TrainingWorld } from "../support/training.ts";

Deno.test("train --local --alias names the first model when it is registered", async () => {
  await using world = await TrainingWorld.create();
  const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
  const { code, stdout, stderr } = await world.train(["--config", second, "--alias", "mouse-v2"]);
  assert.equal(code, 0, stderr);
  const registry = await world.registry();
  const { id, model_type } = await registry.resolve("mouse-v2");
  assert.equal(model_type, "centroid");
  assert.equal((await registry.aliases()).length, 1);
  assert.match(stdout, new RegExp(`centroid mouse-v2 \\(${id}\\) {2}completed`));
  assert.match(stdout, /Next:\n {2}sleap-rtc track --model mouse-v2 --data-path VIDEO --local\n/);
  assert.match(stdout, /sleap-rtc model-info mouse-v2\n/);
});

Deno.test("AL16 train --resume takes an alias, which the model keeps", async () => {
  await using world = await TrainingWorld.create({ failAt: { stage: "epoch", epoch: 1 } });
  assert.equal((await world.train(["--alias", "mouse-v2"])).code, 6);
  await world.setScript({});
  const { code, stderr } = await world.cli(["train", "--local", "--resume", "mouse-v2"]);
  assert.equal(code, 0, stderr);
  const { alias, status } = await world.model();
  assert.deepEqual([alias, status], ["mouse-v2", "completed"]);
});

Deno.test("train --alias refuses a bad name and --resume before anything is started: exit 2", async () => {
  await using world = await TrainingWorld.create();
  const bad = await world.train(["--alias", "mouse v2"]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /only letters, numbers, dashes, and underscores.*\nhint: "mouse-v2"/);
  const resumed = await world.cli(["train", "--local", "--resume", "aaaa", "--alias", "mouse"]);
  assert.equal(resumed.code, 2);
  assert.match(resumed.stderr, /hint: .*sleap-rtc tag-model aaaa --alias mouse/);
  assert.deepEqual(await JobFolder.list(world.folder), []);
  await assert.rejects(Deno.stat(world.path("models")), "no registry is made");
});

Deno.test("AL6, AL7 train --alias refuses a taken name before anything is started: exit 7", async () => {
  await using world = await TrainingWorld.create();
  assert.equal((await world.train(["--alias", "mouse"])).code, 0);
  const { id } = await world.model();
  const taken = await world.train(["--alias", "mouse", "--run-name", "again"]);
  assert.equal(taken.code, 7, taken.stderr);
  assert.match(
    taken.stderr,
    new RegExp(
      `Alias "mouse" is taken by centroid model ${id}\nhint: Choose another \\("mouse-v2" is free\\)` +
        `.*sleap-rtc tag-model MODEL --alias NAME --force`,
    ),
  );
  assert.equal((await JobFolder.list(world.folder)).length, 1);
});

Deno.test("an alias that is taken while the job waits: it is trained without, and says so", async () => {
  await using bed = await QueueBed.create({ script: { waitForFileAt: [] } });
  const { spec, ...request } = await bed.request("waits");
  const jobId = await bed.queue.submit({ ...request, spec: { ...spec, alias: "mouse" } });
  await bed.registry.register({ id: "aaaa0001", model_type: "centroid", alias: "mouse" });
  await bed.queue.start();
  const job = await bed.queue.find(jobId);
  assert.equal(await ended(job), "succeeded");
  const [model] = (await job.readState()).models;
  const entry = await bed.registry.resolve(model?.model_id ?? "");
  assert.equal(entry.alias, null);
  assert.equal((await bed.registry.resolve("mouse")).id, "aaaa0001");
  const warnings = (await readEvents(job.eventsPath)).flatMap((event) =>
    event.type === "warning" ? event.message : []
  );
  assert.deepEqual(warnings, [
    `Alias "mouse" is taken meanwhile: model ${entry.id} has none. To name it: ` +
    `sleap-rtc tag-model ${entry.id} --alias NAME`,
  ]);
});
