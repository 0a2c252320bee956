import assert from "node:assert/strict";
import { join } from "node:path";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import { JobRecord } from "../../worker/record/job_record.ts";
import { changeRequest } from "../../worker/requests/job_request.ts";
import { identifyProcess } from "../../worker/host/process_identity.ts";
import { RequestWatch } from "../../worker/requests/request_watch.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { ConnectionTeller } from "../../worker/trainer/connection_teller.ts";
import { JobBed } from "../support/job_bed.ts";
import { StagedTraining } from "../support/staged_training.ts";
import { configText, TrainingWorld } from "../support/training.ts";

function isLoss({ type }: JobEvent): boolean {
  return type === "connection_lost";
}

function isRegain({ type }: JobEvent): boolean {
  return type === "connection_regained";
}

Deno.test("2.2.1, 2.2.2, CR4-CR8 the connection is lost, the training goes on and is booked", async () => {
  await using world = await TrainingWorld.create();
  const points = [{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }];
  const training = await StagedTraining.start(world, points, { args: ["--max-epochs", "4"] });
  await training.watch({ state: "lost" });
  const lost = await training.becomes(({ status }) => status === "interrupted");
  assert.equal(lost.running, true);
  assert.equal(lost.reason, "connection lost");
  const withCheckpoint = await training.becomes(({ last_checkpoint_path }) =>
    last_checkpoint_path !== null
  );
  assert.equal(withCheckpoint.last_epoch, 0, "CR5");
  assert.deepEqual(
    (await training.registry.getInterrupted()).map(({ id }) => id),
    [lost.id],
    "CR6",
  );

  await training.goOn(0);
  const later = await training.becomes(({ last_epoch }) => last_epoch === 1);
  assert.equal(later.status, "interrupted", "CR7, CR8: epochs are booked all the same");
  assert.equal(later.running, true);

  await training.watch({ state: "attached", by: await identifyProcess(Deno.pid) });
  const regained = await training.becomes(({ status }) => status === "training");
  assert.equal(regained.running, false);
  assert.equal(regained.reason, null);
  await training.goOn(1);
  await training.reaches(2);

  await training.watch({ state: "lost" });
  await training.says(isLoss, 2);
  await training.goOn(2);
  const { code, status, model } = await training.ended();
  assert.equal(code, 0);
  assert.equal(status, "succeeded");
  assert.equal(model.status, "completed");
  assert.equal(model.running, false);
  const history = model.history?.map((change) => [change.status, change.running ?? false]);
  assert.deepEqual(history?.slice(-4), [
    ["interrupted", true],
    ["training", false],
    ["interrupted", true],
    ["completed", false],
  ]);
});

Deno.test("CR4 a model that begins while the connection is lost is told of, too", async () => {
  await using world = await TrainingWorld.create();
  const text = configText("centered_instance", 1);
  const training = await StagedTraining.start(world, [{ epoch: 2 }], {
    args: ["--config", await world.writeConfig("centered.yaml", text)],
  });
  await training.watch({ state: "lost" });
  await training.says(isLoss);
  await training.goOn(0);
  const { status, events, model, second } = await training.ended();
  assert.equal(status, "succeeded");
  const losses = events.filter(isLoss).map((event) => "model" in event ? event.model : null);
  assert.deepEqual(losses, [0, 1]);
  assert.deepEqual([model.status, second?.status], ["completed", "completed"]);
  assert.ok(second?.history?.some((change) => change.running));
});

Deno.test("4.1.2 --on-disconnect stop: interrupted after the running epoch", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }, { epoch: 2 }]);
  await training.watch({ state: "lost", on_lost: "stop" });
  await training.says(isLoss);
  await training.goOn(0);
  const { status, model, events } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.status, "interrupted");
  assert.equal(model.running, false);
  assert.equal(model.reason, "connection lost");
  assert.equal(model.checkpoint?.epoch, 1);
  assert.equal(events.filter(({ type }) => type === "requested").length, 0, "nobody asked");
});

Deno.test("--on-disconnect stop is taken back by a watcher who returns in time", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await training.watch({ state: "lost", on_lost: "stop" });
  await training.says(isLoss);
  await training.watch({ state: "attached", by: await identifyProcess(Deno.pid) });
  await training.says(isRegain);
  await training.goOn(0);
  const { status, model } = await training.ended();
  assert.equal(status, "succeeded");
  assert.equal(model.status, "completed");
});

Deno.test("--on-disconnect stop between two models: the second one is not begun", async () => {
  await using world = await TrainingWorld.create();
  const text = configText("centered_instance", 1);
  const training = await StagedTraining.start(world, [{ stage: "evaluation" }], {
    args: ["--config", await world.writeConfig("centered.yaml", text)],
  });
  await training.watch({ state: "lost", on_lost: "stop" });
  await training.says(isLoss);
  await training.goOn(0);
  const { status, model, second } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.status, "completed");
  assert.equal(second, null);
});

Deno.test("the supervisor dies while the connection is lost: the entry does not run on", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await training.watch({ state: "lost" });
  await training.becomes(({ running }) => running === true);
  await training.killSupervisor();
  const { status, model } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.status, "interrupted");
  assert.equal(model.running, false);
  assert.equal(model.reason, "crash");
});

Deno.test("CR8 50 losses in a row are 50 events; a late one after completion changes nothing", async () => {
  await using bed = await JobBed.create({ status: "running" });
  const id = await bed.register();
  const record = await JobRecord.open(bed.folder, bed.registry, await bed.folder.readState());
  await record.setModel(0, { model_id: id, status: "training" });
  const requests = await RequestWatch.start(bed.folder, { pollMs: 60_000 });
  const teller = new ConnectionTeller({ record, model: 0, attempt: 1 }, requests);
  const by = await identifyProcess(Deno.pid);
  for (let round = 0; round < 50; round++) {
    for (const state of ["lost", "attached"] as const) {
      await changeRequest(bed.folder, (request) => ({
        ...request,
        watch: { state, by, on_lost: "continue" },
      }));
      await requests.look();
    }
  }
  await teller.close();
  assert.equal((await bed.registry.get(id))?.status, "training");
  assert.equal((await record.bookAgain()).filter(isLoss).length, 50);

  await bed.registry.markCompleted(id, { epochs_completed: 3 });
  const completed = await bed.registry.get(id);
  await record.record({ type: "connection_lost", model: 0, attempt: 1 });
  assert.deepEqual(await bed.registry.get(id), completed);
  await requests.close();
  await record.close();
});

Deno.test("an older manifest that says the connection is lost is booked anew", async () => {
  await using bed = await JobBed.create({ status: "running", starter: null });
  const id = await bed.register();
  const record = await JobRecord.open(bed.folder, bed.registry, await bed.folder.readState());
  await record.setModel(0, { model_id: id, status: "training" });
  await record.record({ type: "connection_lost", model: 0, attempt: 1 });
  await record.close();
  const manifest = join(bed.folder.root, "models/.registry/manifest.json");
  const before = await Deno.readTextFile(manifest);
  await recoverJobs(bed.registry);
  await Deno.writeTextFile(manifest, before);
  await Deno.remove(join(bed.folder.root, `models/centroid_${id}/model.json`));
  assert.equal((await bed.registry.get(id))?.running, true);

  await recoverJobs(bed.registry);
  const entry = await bed.registry.get(id);
  assert.equal(entry?.status, "failed");
  assert.equal(entry.running, false);
});
