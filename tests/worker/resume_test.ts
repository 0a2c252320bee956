import assert from "node:assert/strict";
import { join } from "node:path";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { findSleapNn } from "../../lib/sleap_nn/executable.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { recoverJobs } from "../../worker/recovery.ts";
import { resumeRequest } from "../../worker/resume/resume_request.ts";
import { submitLocalJob } from "../../worker/submit.ts";
import { watchJob } from "../../worker/view/watch_job.ts";
import {
  assertAllSix,
  assertSound,
  breakTraining,
  eventsOf,
  lastEpochsOf,
  LOSSES,
  resumeModel,
} from "../support/resuming.ts";
import type { Point } from "../support/stand_in.ts";
import { configText, fileExists, TrainingWorld } from "../support/training.ts";

const BREAKS: { at: Point; done: number; what: string }[] = [
  { at: { epoch: 1 }, done: 1, what: "in its second epoch" },
  { at: { epoch: 4, batch: 2 }, done: 4, what: "after its best epoch" },
  { at: { stage: "save", epoch: 3 }, done: 3, what: "between the best epoch's row and checkpoint" },
  { at: { stage: "saved", epoch: 2 }, done: 3, what: "after a checkpoint" },
];

for (const { at, done, what } of BREAKS) {
  Deno.test(`2.2.3 CR12 CR13 CR18 CR21 CR22 a trainer killed ${what} is resumed`, async () => {
    await using world = await TrainingWorld.create();
    const broken = await breakTraining(world, at);
    assert.equal(broken.status, "interrupted");
    assert.equal(broken.checkpoint?.epoch, done - 1);
    await assertSound(world);
    const { code, stdout, stderr } = await resumeModel(world, broken.id.slice(0, 5));
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`centroid ${broken.id}  completed`));
    const sha256 = broken.checkpoint?.sha256?.slice(0, 12);
    assert.ok(
      stderr.includes(
        `resuming ${broken.id} after epoch ${done} of 6 (last.ckpt, sha256 ${sha256}…)`,
      ),
      stderr,
    );
    const entry = await world.model();
    await assertAllSix(world, entry);
    assert.deepEqual(
      await lastEpochsOf(world),
      LOSSES.map((_, epoch) => epoch).slice(done),
      "4.1.3 epochs go on without a gap",
    );
    assert.equal(entry.attempts?.[1]?.started_from?.epoch, done - 1);
    const path = world.path(`models/centroid_${entry.id}/attempts/attempt-2/config.yaml`);
    const config = readTrainConfig(await Deno.readTextFile(path), path);
    assert.equal(config.resumeCheckpoint, world.path(broken.last_checkpoint_path ?? ""));
    assert.deepEqual(config.trainLabels, [
      world.path(`models/centroid_${entry.id}/labels_gt.train.0.slp`),
    ]);
    assert.deepEqual(config.valLabels, [
      world.path(`models/centroid_${entry.id}/labels_gt.val.0.slp`),
    ]);
    assert.deepEqual(entry.history?.map(({ status }) => status), [
      "interrupted",
      "training",
      "completed",
    ]);
  });
}

Deno.test("2.2.3 a supervisor killed in mid-training: the model is resumed", async () => {
  await using world = await TrainingWorld.create();
  await world.setScript({
    valLosses: LOSSES,
    touchFileAt: { epoch: 2, file: world.path("reached") },
    waitForFileAt: { epoch: 2, file: world.path("go") },
  });
  const training = world.startTrain(["--max-epochs", "6"]);
  await fileExists(world.path("reached"));
  const { supervisor, trainer } = await world.jobState();
  if (supervisor === null || trainer === null) throw new Error("nothing runs");
  Deno.kill(supervisor.pid, "SIGKILL");
  Deno.kill(training.pid, "SIGKILL");
  await training.ended;
  assert.ok(await isAlive(trainer), "a killed supervisor leaves its trainer alive");
  await world.setScript({ valLosses: LOSSES });
  const { id } = await world.model();
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /had lost its supervisor: booked as interrupted/);
  assert.equal(await isAlive(trainer), false);
  await assertAllSix(world, await world.model());
  assert.deepEqual(await lastEpochsOf(world), [2, 3, 4, 5]);
});

Deno.test("the best checkpoint of a later attempt is published beside the model", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const folder = world.path(`models/centroid_${id}`);
  const before = await Deno.readFile(join(folder, "best.ckpt"));
  assert.equal((await resumeModel(world, id)).code, 0);
  const published = await Deno.readFile(join(folder, "best.ckpt"));
  assert.notDeepEqual(published, before);
  assert.deepEqual(published, await Deno.readFile(join(folder, "attempts/attempt-2/best.ckpt")));
});

Deno.test("CR23 CR24 CR25 broken twice: interrupted again, resumed from the newest state", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await world.setScript({ valLosses: LOSSES, dieBySignalAt: { epoch: 5, signal: "SIGKILL" } });
  assert.equal((await resumeModel(world, id)).code, 6);
  const again = await world.model();
  assert.equal(again.status, "interrupted");
  assert.equal(again.checkpoint_path, `models/centroid_${id}/attempts/attempt-2/last.ckpt`);
  assert.equal(again.last_epoch, 4);
  assert.equal(again.metrics?.["best_epoch"], 3);
  await assertSound(world);
  await world.setScript({ valLosses: LOSSES });
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /after epoch 5 of 6/);
  const entry = await world.model();
  await assertAllSix(world, entry);
  assert.deepEqual(
    entry.attempts?.map(({ first_epoch, last_epoch }) => [first_epoch, last_epoch]),
    [[0, 1], [2, 4], [5, 5]],
  );
});

Deno.test("an attempt that dies before an epoch costs nothing", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 4 });
  for (const script of [{ failAt: { stage: "start" as const } }, { failAt: { epoch: 4 } }]) {
    await world.setScript({ valLosses: LOSSES, ...script });
    const { code, stderr } = await resumeModel(world, broken.id);
    assert.equal(code, 6);
    assert.match(stderr, /interrupted: RuntimeError: failure asked for by the script/);
    const entry = await world.model();
    assert.equal(entry.status, "interrupted");
    assert.equal(entry.checkpoint_path, broken.checkpoint_path);
    assert.deepEqual(entry.checkpoint, broken.checkpoint);
    assert.deepEqual(entry.metrics, broken.metrics);
    await assertSound(world);
  }
  await world.setScript({ valLosses: LOSSES });
  assert.equal((await resumeModel(world, broken.id)).code, 0);
  await assertAllSix(world, await world.model());
});

Deno.test("a trainer that cannot be started leaves a resumed model as it was", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 4 });
  await Deno.writeTextFile(world.path(`models/centroid_${broken.id}/attempts`), "in the way");
  assert.equal((await resumeModel(world, broken.id)).code, 6);
  const entry = await world.model();
  assert.equal(entry.status, "interrupted");
  assert.deepEqual(entry.checkpoint, broken.checkpoint);
  await Deno.remove(world.path(`models/centroid_${broken.id}/attempts`));
  assert.equal((await resumeModel(world, broken.id)).code, 0);
  await assertAllSix(world, await world.model());
});

for (const brokenModel of [0, 1]) {
  Deno.test(`2.2.5 a job broken in model ${brokenModel + 1} of 2 is resumed to its end`, async () => {
    await using world = await TrainingWorld.create();
    const types = ["centroid", "centered_instance"];
    const broken = types[brokenModel] ?? "";
    await world.setScript({
      valLosses: LOSSES,
      models: { [broken]: { dieBySignalAt: { epoch: 2, signal: "SIGKILL" } } },
    });
    const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
    const args = ["--config", second, "--max-epochs", "6", "--run-name", "pair"];
    assert.equal((await world.train(args)).code, 6);
    await world.setScript({ valLosses: LOSSES });
    const registry = await world.registry();
    const [model] = await registry.list({ status: "interrupted" });
    assert.equal(model?.model_type, broken);
    const { code, stderr } = await resumeModel(world, model.id);
    assert.equal(code, 0, stderr);
    const entries = await registry.list();
    assert.deepEqual(entries.map(({ model_type }) => model_type).sort(), types.toSorted());
    for (const entry of entries) await assertAllSix(world, entry);
    const again = await resumeModel(world, model.id);
    assert.equal(again.code, 2, "nothing is left, and nothing waits any more");
    assert.equal((await registry.list()).length, 2);
  });
}

Deno.test("2.2.5 a job killed between its models: resuming the first trains those that wait", async () => {
  await using world = await TrainingWorld.create();
  const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
  await world.setScript({
    valLosses: LOSSES,
    models: {
      centroid: {
        touchFileAt: { stage: "exit", file: world.path("reached") },
        waitForFileAt: { stage: "exit", file: world.path("go") },
      },
    },
  });
  const training = world.startTrain(["--config", second, "--max-epochs", "6"]);
  await fileExists(world.path("reached"));
  Deno.kill((await world.jobState()).supervisor?.pid ?? 0, "SIGKILL");
  assert.equal((await training.ended).code, 6);
  const centroid = await world.model();
  assert.equal(centroid.status, "completed");
  const { code, stderr } = await resumeModel(world, centroid.id);
  assert.equal(code, 0, stderr);
  const entries = await (await world.registry()).list();
  assert.deepEqual(entries.map(({ model_type }) => model_type).sort(), [
    "centered_instance",
    "centroid",
  ]);
  for (const entry of entries) await assertAllSix(world, entry);
  assert.equal((await resumeModel(world, centroid.id)).code, 2, "they are not trained twice");
});

Deno.test("2.2.5 --max-epochs of a resume is the named model's, not of those that wait", async () => {
  await using world = await TrainingWorld.create();
  const death = { epoch: 1, signal: "SIGKILL" as const };
  await world.setScript({ valLosses: LOSSES, models: { centroid: { dieBySignalAt: death } } });
  const second = await world.writeConfig("ci.yaml", configText("centered_instance", 2));
  assert.equal((await world.train(["--config", second])).code, 6);
  const { id } = await world.model();
  await world.setScript({ valLosses: LOSSES });
  assert.equal((await resumeModel(world, id, ["--max-epochs", "4"])).code, 0);
  const registry = await world.registry();
  const epochs = async () => {
    const entries = await registry.list();
    return Object.fromEntries(
      entries.map(({ model_type, metrics }) => [model_type, metrics?.["epochs_completed"]]),
    );
  };
  assert.deepEqual(await epochs(), { centroid: 4, centered_instance: 2 });
  const nothing = await resumeModel(world, id);
  assert.match(nothing.stderr, /has 4 of 4 epochs/, "it stays the model's total");
});

const BROKEN_FILES: { what: string; spoil(path: string): Promise<void>; code: number }[] = [
  { what: "deleted", spoil: (path) => Deno.remove(path), code: 3 },
  { what: "truncated", spoil: (path) => Deno.truncate(path, 2000), code: 3 },
  {
    what: "changed",
    spoil: async (path) => {
      const bytes = await Deno.readFile(path);
      bytes[3000] = (bytes[3000] ?? 0) ^ 1;
      await Deno.writeFile(path, bytes);
    },
    code: 7,
  },
];

for (const { what, spoil, code } of BROKEN_FILES) {
  Deno.test(`2.2.4 CR15 CR16 CR17 CR19 CR20 a checkpoint that was ${what}: an error, then --restart`, async () => {
    await using world = await TrainingWorld.create();
    const { id, last_checkpoint_path } = await breakTraining(world, { epoch: 2 });
    await spoil(world.path(last_checkpoint_path ?? ""));
    const refused = await resumeModel(world, id, ["--debug"]);
    assert.equal(refused.code, code, refused.stderr);
    assert.match(refused.stderr, /warn.*Cannot resume model/i, "a warning in the log");
    assert.match(refused.stderr, new RegExp(`hint: .*best\\.ckpt" \\(epoch 2\\)`));
    assert.match(refused.stderr, new RegExp(`train --resume ${id} --restart`));
    assert.equal((await JobFolder.list(world.folder)).length, 1, "nothing was started");
    const before = await world.model();
    assert.equal(before.status, "interrupted");

    const restarted = await resumeModel(world, id, ["--restart"]);
    assert.equal(restarted.code, 0, restarted.stderr);
    assert.match(restarted.stderr, new RegExp(`beginning ${id} again from epoch 0`));
    const entry = await world.model();
    assert.equal(entry.id, id);
    await assertAllSix(world, entry);
    assert.deepEqual(await lastEpochsOf(world), [0, 1, 2, 3, 4, 5]);
    assert.equal(entry.last_checkpoint_path, `models/centroid_${id}/attempts/attempt-2/last.ckpt`);
  });
}

Deno.test("a restart that dies before its first epoch has nothing to go on from", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await world.setScript({ failAt: { epoch: 0 } });
  assert.equal((await resumeModel(world, id, ["--restart"])).code, 6);
  const entry = await world.model();
  assert.equal(entry.status, "failed");
  assert.equal(entry.checkpoint_path, null);
  const refused = await resumeModel(world, id);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /has no checkpoint\n/);
  const other = `models/centroid_${id}/last.ckpt`;
  assert.match(refused.stderr, new RegExp(`hint: Complete and there: "${other}" \\(epoch 2\\)`));
  assert.match(refused.stderr, /Begin again from epoch 0: .* --restart/);
});

Deno.test("a restart counts only what it trained itself", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 4 });
  const worse = LOSSES.map((loss) => loss + 1);
  await world.setScript({ valLosses: worse });
  assert.equal((await resumeModel(world, id, ["--restart"])).code, 0);
  const entry = await world.model();
  assert.equal(entry.metrics?.["best_val_loss"], 1.125);
  const attempt = world.path(`models/centroid_${id}/attempts/attempt-2/best.ckpt`);
  assert.deepEqual(
    await Deno.readFile(world.path(entry.checkpoint_path ?? "")),
    await Deno.readFile(attempt),
  );
  await assertSound(world);
});

for (
  const { silent, firstEpoch } of [
    { silent: false, firstEpoch: 0 },
    { silent: true, firstEpoch: 0 },
    { silent: false, firstEpoch: 3 },
    { silent: true, firstEpoch: 3 },
  ]
) {
  const how = silent ? "by its files" : "by its messages";
  Deno.test(`CR14 a trainer that goes on with epoch ${firstEpoch} is ended, seen ${how}`, async () => {
    await using world = await TrainingWorld.create();
    const broken = await breakTraining(world, { epoch: 2 });
    const hangAt = { stage: "saved" as const, epoch: firstEpoch + 1 };
    await world.setScript({ valLosses: LOSSES.map(() => 0.01), silent, firstEpoch, hangAt });
    const { code, stderr } = await resumeModel(world, broken.id);
    assert.equal(code, 6, stderr);
    assert.match(
      stderr,
      new RegExp(
        `began with epoch ${firstEpoch + 1} instead of epoch 3: .*last\\.ckpt" \\(epoch 2\\)`,
      ),
    );
    const entry = await world.model();
    assert.equal(entry.status, "interrupted");
    assert.equal(entry.reason, "wrong epoch");
    assert.deepEqual(entry.checkpoint, broken.checkpoint);
    assert.deepEqual(entry.metrics, broken.metrics);
    await assertSound(world);
    await world.setScript({ valLosses: LOSSES });
    assert.equal((await resumeModel(world, broken.id)).code, 0);
    await assertAllSix(world, await world.model());
  });
}

Deno.test("a completed model that is not trained any further after all stays completed", async () => {
  await using world = await TrainingWorld.create({ valLosses: LOSSES });
  assert.equal((await world.train(["--max-epochs", "5"])).code, 0);
  const before = await world.model();
  assert.equal(before.checkpoint?.epoch, 3);
  await world.setScript({ valLosses: LOSSES, failAt: { stage: "start" } });
  const failed = await resumeModel(world, before.id, ["--max-epochs", "6"]);
  assert.equal(failed.code, 6, failed.stderr);
  const entry = await world.model();
  assert.equal(entry.status, "completed");
  assert.match(entry.warning ?? "", /^It was not trained any further: RuntimeError/);
  assert.equal(entry.completed_at, before.history?.[0]?.time);
  for (const key of ["checkpoint_path", "checkpoint", "metrics"] as const) {
    assert.deepEqual(entry[key], before[key], key);
  }
  await world.setScript({ valLosses: LOSSES });
  const { code, stderr } = await resumeModel(world, before.id, ["--max-epochs", "6"]);
  assert.equal(code, 0, stderr);
  assert.equal((await world.model()).metrics?.["epochs_completed"], 6);
});

Deno.test("a completed model goes on with more epochs, not without", async () => {
  await using world = await TrainingWorld.create({ valLosses: LOSSES });
  assert.equal((await world.train(["--max-epochs", "4"])).code, 0);
  const { id } = await world.model();
  const nothing = await resumeModel(world, id);
  assert.equal(nothing.code, 2);
  assert.match(
    nothing.stderr,
    /Nothing is left to train: model .* has 4 of 4 epochs\nhint: .*--max-epochs/,
  );
  const fewer = await resumeModel(world, id, ["--max-epochs", "3"]);
  assert.match(fewer.stderr, /has 4 of 3 epochs/);
  const { code, stderr } = await resumeModel(world, id, ["--max-epochs", "6"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /after epoch 4 of 6 \(last\.ckpt/);
  await assertAllSix(world, await world.model());
});

Deno.test("6.2.3 what had broken off counts as resumed, more epochs of what is completed do not", async () => {
  await using world = await TrainingWorld.create({ valLosses: LOSSES, failAt: { stage: "start" } });
  const counts = async () => {
    const { resumed = 0, recovered = 0 } = await (await world.registry()).stats();
    return [recovered, resumed];
  };
  assert.equal((await world.train()).code, 6);
  const { id } = await world.model();
  await world.setScript({ valLosses: LOSSES });
  assert.equal((await resumeModel(world, id, ["--restart"])).code, 0);
  assert.deepEqual(await counts(), [1, 1]);
  assert.equal((await resumeModel(world, id, ["--max-epochs", "5"])).code, 0);
  assert.deepEqual(await counts(), [1, 1]);
});

Deno.test("a trainer killed after its last checkpoint has completed the model", async () => {
  await using world = await TrainingWorld.create({ valLosses: LOSSES });
  await world.setScript({
    valLosses: LOSSES,
    dieBySignalAt: { stage: "saved", epoch: 5, signal: "SIGKILL" },
  });
  assert.equal((await world.train(["--max-epochs", "6"])).code, 0);
  const entry = await world.model();
  await assertAllSix(world, entry);
  assert.match(entry.warning ?? "", /evaluation/);
});

Deno.test("a running model is not resumed: exit 7", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const { id, job_id } = await world.model();
  for (const args of [[], ["--restart"]]) {
    const { code, stderr } = await resumeModel(world, id, args);
    assert.equal(code, 7, stderr);
    assert.ok(stderr.includes(`it is being trained by job ${job_id}`), stderr);
  }
  await goOn();
  assert.equal((await training.ended).code, 0);
});

Deno.test("two resumes at once: one gets the model, the other exits with 7", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await world.setScript({ valLosses: LOSSES, waitForFileAt: { epoch: 4, file: world.path("go") } });
  const both = [resumeModel(world, id), resumeModel(world, id)];
  const loser = await Promise.race(both);
  assert.equal(loser.code, 7, loser.stderr);
  await Deno.writeTextFile(world.path("go"), "");
  const codes = (await Promise.all(both)).map(({ code }) => code).sort();
  assert.deepEqual(codes, [0, 7]);
  const entry = await world.model();
  await assertAllSix(world, entry);
  assert.equal(entry.attempts?.length, 2);
});

Deno.test("a job whose folder was deleted: the model's own folder is enough", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await Deno.remove((await world.job()).path, { recursive: true });
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  await assertAllSix(world, await world.model());
});

Deno.test("labels that are gone are reported before anything is started", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await Deno.rename(world.labels, world.path("elsewhere"));
  for (const args of [[], ["--restart"]]) {
    const { code, stderr } = await resumeModel(world, id, args);
    assert.equal(code, 3);
    assert.ok(stderr.includes(`Cannot read "${world.labels}"`), stderr);
  }
  assert.equal((await JobFolder.list(world.folder)).length, 1);
  assert.equal((await world.model()).status, "interrupted");
});

Deno.test("where the first attempt's split is gone, a warning says so", async () => {
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  await Deno.remove(world.path(`models/centroid_${id}/labels_gt.val.0.slp`));
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: .* has no labels_gt files any more: the labels are split anew/);
});

Deno.test("a checkpoint that vanishes while the job waits: the entry stays as it was", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 2 });
  const registry = await world.registry();
  const request = await resumeRequest(registry, broken.id, { restart: false });
  await Deno.remove(world.path(broken.last_checkpoint_path ?? ""));
  Deno.env.set("SLEAP_RTC_SLEAP_NN", world.trainer);
  try {
    const trainer = await findSleapNn();
    const { folder, supervisor } = await submitLocalJob(world.folder, request, trainer.path);
    const signal = new AbortController().signal;
    await Array.fromAsync(watchJob(folder, registry, { supervisor, signal }));
    const result = await folder.readResult();
    assert.equal(result?.status, "failed");
    assert.match(result?.error ?? "", /Cannot resume model .*last\.ckpt" does not exist/);
    assert.deepEqual(await registry.get(broken.id), broken);
  } finally {
    Deno.env.delete("SLEAP_RTC_SLEAP_NN");
  }
});

Deno.test("a supervisor killed before the trainer of a resume: the old checkpoint is booked", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 4 });
  const registry = await world.registry();
  const { spec, configs } = await resumeRequest(registry, broken.id, { restart: false });
  const folder = await JobFolder.create(world.folder, spec, {
    version: 1,
    job_id: spec.job_id,
    status: "running",
    updated_at: new Date().toISOString(),
    starter: null,
    supervisor: null,
    trainer: null,
    models: [{ model_id: null, status: "pending" }],
  }, configs);
  await registry.resume(broken.id, { jobId: spec.job_id, modelIndex: 0, restart: false });
  await Deno.mkdir(world.path(`models/centroid_${broken.id}/attempts/attempt-2/.tmp`), {
    recursive: true,
  });
  assert.deepEqual(await recoverJobs(registry), [
    { jobId: folder.jobId, status: "interrupted" },
  ]);
  const entry = await world.model();
  assert.equal(entry.status, "interrupted");
  assert.deepEqual(entry.checkpoint, broken.checkpoint);
  await assertSound(world);
  const { code, stderr } = await resumeModel(world, broken.id);
  assert.equal(code, 0, stderr);
  assert.equal((await world.model()).attempts?.at(-1)?.attempt, 3);
  await assertAllSix(world, await world.model());
});

Deno.test("CR30 CR31 CR32 a training that asks for no resume begins anew; the old one is announced", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 2 });
  const { code, stderr } = await world.train(["--run-name", "run"]);
  assert.equal(code, 0, stderr);
  assert.ok(
    stderr.includes(`was interrupted after epoch 2. This training begins anew; to go on with that`),
    stderr,
  );
  assert.ok(stderr.includes(`sleap-rtc train --resume ${broken.id}`), stderr);
  assert.deepEqual(await lastEpochsOf(world), [0, 1, 2]);
  const registry = await world.registry();
  assert.deepEqual(await registry.get(broken.id), broken);
  const other = await world.train(["--run-name", "another"]);
  assert.ok(!other.stderr.includes("--resume"), other.stderr);
});

Deno.test("--resume and --restart do not go together with what makes a new training", async () => {
  await using world = await TrainingWorld.create();
  for (
    const args of [
      ["--resume", "abcd1234", "--config", world.config],
      ["--resume", "abcd1234", "--labels", world.labels],
      ["--resume", "abcd1234", "--val-labels", world.labels],
      ["--resume", "abcd1234", "--pkg-path", world.labels],
      ["--resume", "abcd1234", "--run-name", "x"],
      ["--resume", "abcd1234", "--batch-size", "2"],
      ["--resume", "abcd1234", "--learning-rate", "0.1"],
      ["--restart", "--config", world.config],
    ]
  ) {
    const { code, stderr } = await world.cli(["train", "--local", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /does not go together with --resume|--restart needs --resume/);
  }
  assert.equal((await world.cli(["train", "--local", "--resume", "abcd1234"])).code, 3);
});

Deno.test("events of a resumed training name what it started from", async () => {
  await using world = await TrainingWorld.create();
  const broken = await breakTraining(world, { epoch: 2 });
  assert.equal((await resumeModel(world, broken.id)).code, 0);
  const started = (await eventsOf(world)).findLast((event) => event.type === "trainer_started");
  assert.deepEqual(started?.type === "trainer_started" && started.started_from, {
    path: broken.last_checkpoint_path,
    epoch: 1,
    sha256: broken.checkpoint?.sha256,
  });
});
