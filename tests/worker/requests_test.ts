import assert from "node:assert/strict";
import { ConflictError } from "../../lib/errors.ts";
import { askOfJob } from "../../worker/requests/ask_of_job.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { livingMembers, StagedTraining } from "../support/staged_training.ts";
import { configText, TrainingWorld } from "../support/training.ts";

/** Arguments for a second model. */
async function withSecond(world: TrainingWorld, epochs = 2): Promise<string[]> {
  const text = configText("centered_instance", epochs);
  return ["--config", await world.writeConfig("centered.yaml", text)];
}

Deno.test("jobs stop in mid-epoch: the epoch's last.ckpt, interrupted", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }, { epoch: 2 }]);
  await training.ask("stop");
  await training.goOn(0);
  const { code, status, model, events, state } = await training.ended();
  assert.equal(code, 6);
  assert.equal(status, "interrupted");
  assert.equal(model.status, "interrupted");
  assert.equal(model.reason, "stopped");
  assert.equal(model.running, false);
  assert.equal(model.checkpoint?.epoch, 1, "of the epoch that ran");
  assert.match(String(model.last_checkpoint_path), /last\.ckpt$/);
  assert.match(String(model.error), /ended on request before its last epoch \(stopped\)/);
  assert.equal(events.filter(({ type }) => type === "requested").length, 1);
  assert.equal(state.trainer, null);
  assert.doesNotMatch(await Deno.readTextFile(training.job.logPath), /KeyboardInterrupt/);
});

Deno.test("jobs stop while the trainer starts: its first epoch makes it worth resuming", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [], {
    script: {
      startupMs: 1_000,
      models: { centroid: { waitForFileAt: { epoch: 1, file: world.path("never") } } },
    },
  });
  await training.says(({ type }) => type === "trainer_started");
  await training.ask("stop");
  const { status, model } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.reason, "stopped");
  assert.equal(model.checkpoint?.epoch, 0);
});

Deno.test("jobs stop in the last epoch: the training completes", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 2 }]);
  await training.ask("stop");
  await training.goOn(0);
  const { code, status, model } = await training.ended();
  assert.equal(code, 0);
  assert.equal(status, "succeeded");
  assert.equal(model.status, "completed");
  assert.equal(model.warning, null);
});

Deno.test("jobs stop during the evaluation does not spoil it; what waits stays pending", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ stage: "evaluation" }], {
    args: await withSecond(world),
  });
  await training.ask("stop");
  await training.goOn(0);
  const { code, stderr, status, model, second, state } = await training.ended();
  assert.equal(code, 6);
  assert.equal(status, "interrupted");
  assert.equal(model.status, "completed");
  assert.equal(model.warning, null);
  assert.equal(second, null, "not registered");
  assert.equal(state.models[1]?.status, "pending");
  const resume = `Train the models that wait: sleap-rtc train --resume ${model.id} --local`;
  assert.ok(stderr.includes(resume), stderr);
});

Deno.test("jobs finish: completed early, with its evaluation", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }], {
    script: { batchMs: 20 },
    args: ["--max-epochs", "500"],
  });
  await training.ask("finish");
  await training.goOn(0);
  const { code, status, model, events } = await training.ended();
  assert.equal(code, 0);
  assert.equal(status, "succeeded");
  assert.equal(model.status, "completed");
  assert.equal(model.stopped_early, true);
  assert.equal(model.warning, null);
  assert.ok(Number(model.metrics?.["epochs_completed"]) < 100);
  const requested = events.find(({ type }) => type === "requested");
  assert.ok(requested?.type === "requested" && requested.model === 0);
  const log = await Deno.readTextFile(training.job.logPath);
  const commands = log.split("\n").filter((line) => line.includes("Received control message"));
  assert.ok(commands.length === 1, "it is asked no more");
});

Deno.test("jobs finish of the first model: the second one trains", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.config, configText("centroid", 500));
  const training = await StagedTraining.start(world, [{ epoch: 1 }], {
    script: { models: { centroid: { batchMs: 20 } } },
    args: await withSecond(world),
  });
  await training.ask("finish");
  await training.goOn(0);
  const { status, model, second, events } = await training.ended();
  assert.equal(status, "succeeded");
  assert.equal(model.stopped_early, true);
  assert.equal(second?.status, "completed");
  assert.equal(second.stopped_early, undefined);
  assert.equal(second.metrics?.["epochs_completed"], 2);
  assert.equal(events.filter(({ type }) => type === "warning").length, 0);
});

Deno.test("jobs finish while the trainer starts is taken", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [], {
    script: { startupMs: 1_000, batchMs: 20 },
    args: ["--max-epochs", "500"],
  });
  await training.says(({ type }) => type === "trainer_started");
  await training.ask("finish");
  const { status, model } = await training.ended();
  assert.equal(status, "succeeded");
  assert.equal(model.stopped_early, true);
  assert.ok(Number(model.metrics?.["epochs_completed"]) < 100);
});

Deno.test("jobs finish in the last epoch: nothing was stopped early", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 2 }]);
  await training.ask("finish");
  await training.goOn(0);
  const { status, model } = await training.ended();
  assert.equal(status, "succeeded");
  assert.equal(model.stopped_early, undefined);
  assert.equal(model.metrics?.["epochs_completed"], 3);
});

Deno.test("jobs cancel before the first checkpoint: failed, the job cancelled", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 0 }], {
    args: await withSecond(world),
  });
  await training.ask("cancel");
  const { code, status, error, model, second } = await training.ended();
  assert.equal(code, 6);
  assert.equal(status, "cancelled");
  assert.match(String(error), /cancelled on request/);
  assert.equal(model.status, "failed");
  assert.equal(model.reason, "cancelled");
  assert.equal(second, null);
});

Deno.test("jobs cancel after a checkpoint: interrupted, the job cancelled", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await training.ask("cancel");
  const { status, model } = await training.ended();
  assert.equal(status, "cancelled");
  assert.equal(model.status, "interrupted");
  assert.equal(model.reason, "cancelled");
  assert.equal(model.checkpoint?.epoch, 0);
});

Deno.test("jobs cancel outweighs the stop before it", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await training.ask("stop");
  await training.ask("cancel");
  const { status, model } = await training.ended();
  assert.equal(status, "cancelled");
  assert.equal(model.reason, "cancelled");
});

Deno.test("a cancelled job is never a success, even when all is done", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ stage: "exit" }]);
  await training.ask("cancel");
  const { code, status, model } = await training.ended();
  assert.equal(code, 6);
  assert.equal(status, "cancelled");
  assert.equal(model.status, "completed", "its results are on the disk");
  await assert.rejects(askOfJob(training.job, training.registry, "stop"), ConflictError);
});

Deno.test("jobs cancel ends a trainer that ignores SIGTERM, its loader process too", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }], {
    script: { ignoreSigterm: true, spawnLoaderProcess: true },
  });
  const { trainer } = await training.job.readState();
  if (trainer === null) throw new Error("nothing runs");
  assert.ok((await livingMembers(trainer.pid)).length > 1);
  await training.ask("cancel");
  const { status, model } = await training.ended();
  assert.equal(status, "cancelled");
  assert.equal(model.status, "interrupted");
  assert.equal(await isAlive(trainer), false);
  assert.deepEqual(await livingMembers(trainer.pid), []);
});

for (
  const [what, status, reason] of [
    ["stop", "interrupted", "stopped"],
    ["cancel", "cancelled", "cancelled"],
  ] as const
) {
  Deno.test(`the supervisor is killed with a ${what} on the disk: it counts`, async () => {
    await using world = await TrainingWorld.create();
    const training = await StagedTraining.start(world, [{ epoch: 1 }]);
    await askOfJob(training.job, training.registry, what);
    await training.killSupervisor();
    const ended = await training.ended();
    assert.equal(ended.status, status);
    assert.equal(ended.model.status, "interrupted");
    assert.equal(ended.model.reason, reason);
  });
}

Deno.test("the supervisor is killed during the evaluation after a finish", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }, { stage: "evaluation" }], {
    script: { batchMs: 20 },
    args: ["--max-epochs", "500"],
  });
  await training.ask("finish");
  await training.goOn(0);
  await training.reaches(1);
  await training.killSupervisor();
  const { status, model } = await training.ended();
  assert.equal(status, "succeeded");
  assert.equal(model.status, "completed");
  assert.equal(model.stopped_early, true);
});

Deno.test("the supervisor is killed with a finish on the disk: it is not taken up again by itself", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await askOfJob(training.job, training.registry, "finish");
  await training.killSupervisor();
  const { status, model } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.reason, "stopped");
});

Deno.test("a trainer that dies although it was to finish early was stopped", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  await training.ask("finish");
  const { trainer } = await training.job.readState();
  Deno.kill(trainer?.pid ?? 0, "SIGKILL");
  const { model } = await training.ended();
  assert.deepEqual([model.status, model.reason], ["interrupted", "stopped"]);
});

Deno.test("a supervisor that is told to end ends the trainer at once: shutdown", async () => {
  await using world = await TrainingWorld.create();
  const training = await StagedTraining.start(world, [{ epoch: 1 }]);
  Deno.kill((await training.job.readState()).supervisor?.pid ?? 0, "SIGTERM");
  const { status, model } = await training.ended();
  assert.equal(status, "interrupted");
  assert.equal(model.reason, "shutdown");
});
