import assert from "node:assert/strict";
import { ConflictError } from "../../../lib/errors.ts";
import type { ModelRegistry } from "../../../lib/registry.ts";
import { askOfJob } from "../../../worker/requests/ask_of_job.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { registryHandlers } from "../../../worker/handlers/registry.ts";
import { resumeInterrupted } from "../../../worker/resume/resume_interrupted.ts";
import { resumeRequest } from "../../../worker/resume/resume_request.ts";
import { supervise } from "../../../worker/supervisor.ts";
import { createQueuedJob } from "../../../worker/submit.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { QueueBed } from "../../support/queue_bed.ts";
import { assertAllSix, breakTraining, LOSSES, resumeModel } from "../../support/resuming.ts";
import { configText, TrainingWorld } from "../../support/training.ts";

const RESUME = { restart: false };

/** Run a job's supervisor in this process; how the job ended, and why. */
async function run(world: TrainingWorld, job: JobFolder): Promise<string | null | undefined> {
  Deno.env.set("SLEAP_RTC_SLEAP_NN", world.trainer);
  try {
    await supervise(job, new AbortController().signal);
  } finally {
    Deno.env.delete("SLEAP_RTC_SLEAP_NN");
  }
  return (await job.readResult())?.error;
}

Deno.test("a model that a waiting job is to resume is neither resumed nor abandoned", async () => {
  using _log = new CapturedLog();
  await using bed = await QueueBed.create();
  const { world, registry, queue } = bed;
  const { id } = await breakTraining(world, { epoch: 2 });
  const before = await resumeRequest(registry, id, RESUME);
  const jobId = await queue.submit(await resumeRequest(registry, id, RESUME));
  const isRefused = (error: unknown) =>
    error instanceof ConflictError && error.message.includes(`job ${jobId} is to resume it`) &&
    error.hint?.includes(`jobs cancel ${jobId}`);
  for (const restart of [false, true]) {
    await assert.rejects(resumeRequest(registry, id, { restart }), isRefused);
  }
  await assert.rejects(queue.submit(before), isRefused, "it was asked for at the same time");
  await resumeInterrupted(registry, queue);
  const abandon = registryHandlers(registry)["registry.abandon"];
  await assert.rejects(async () => await abandon?.({ name: id }), isRefused);
  const { code, stderr } = await world.cli(["abandon-model", id]);
  assert.equal(code, 7);
  assert.match(stderr, new RegExp(`hint: .*sleap-rtc jobs cancel ${jobId}`));
  assert.equal((await JobFolder.list(world.folder)).length, 2);
  assert.equal((await registry.get(id))?.status, "interrupted");
  await askOfJob(await queue.find(jobId), registry, "cancel");
  await resumeRequest(registry, id, RESUME);
  await registry.abandon(id);
});

Deno.test("a job does not resume a model that became another one while it waited", async () => {
  using _log = new CapturedLog();
  await using world = await TrainingWorld.create();
  const { id } = await breakTraining(world, { epoch: 2 });
  const registry = await world.registry();
  const restart = await resumeRequest(registry, id, { restart: true });
  const abandoned = await createQueuedJob(
    world.folder,
    await resumeRequest(registry, id, RESUME),
    1,
  );
  await registry.abandon(id);
  assert.match(await run(world, abandoned) ?? "", /was abandoned since that was asked for/);
  assert.equal((await registry.get(id))?.status, "abandoned");
  const wanted = await createQueuedJob(world.folder, await resumeRequest(registry, id, RESUME), 1);
  assert.equal(await run(world, wanted), null, "one may want an abandoned model all the same");
  const late = await createQueuedJob(world.folder, restart, 1);
  assert.match(
    await run(world, late) ?? "",
    new RegExp(`job ${wanted.jobId} has trained it since that was asked for`),
  );
  const entry = await registry.resolve(id);
  await assertAllSix(world, entry);
});

/** A job of two models, ended between them; gives the first one's ID. */
async function endBetween(world: TrainingWorld, registry: ModelRegistry): Promise<string> {
  const second = await world.writeConfig("ci.yaml", configText("centered_instance"));
  await world.setScript({
    valLosses: LOSSES,
    models: { centroid: { dieBySignalAt: { epoch: 2, signal: "SIGKILL" } } },
  });
  assert.equal((await world.train(["--config", second, "--max-epochs", "6"])).code, 6);
  await world.setScript({ valLosses: LOSSES });
  return (await registry.list())[0]?.id ?? "";
}

Deno.test("models that still wait are trained once, whoever resumes, and whatever the clock says", async () => {
  using _log = new CapturedLog();
  await using world = await TrainingWorld.create();
  const registry = await world.registry();
  const id = await endBetween(world, registry);
  const old = await world.job();
  // The clock was set back since.
  const spec = await old.readSpec();
  const future = { ...spec, created_at: "2999-01-01T00:00:00.000Z" };
  await Deno.writeTextFile(old.specPath, JSON.stringify(future));
  const asked = await resumeRequest(registry, id, RESUME);
  const waiting = { ...asked.spec, models: asked.spec.models.slice(1) };
  const both = await Promise.allSettled([1, 2].map((turn) => {
    const job_id = `job_0000000${turn}`;
    return createQueuedJob(world.folder, { ...asked, spec: { ...waiting, job_id } }, turn);
  }));
  const [taken] = both.flatMap((one) => one.status === "fulfilled" ? one.value : []);
  const [refused] = both.flatMap((one) => one.status === "rejected" ? one.reason : []);
  assert.ok(taken !== undefined && refused instanceof ConflictError);
  assert.match(
    refused.message,
    new RegExp(`centered_instance of ${old.jobId}: job ${taken.jobId}`),
  );
  const models = async () => (await resumeRequest(registry, id, RESUME)).spec.models.length;
  assert.equal(await models(), 1, "the job waits");
  assert.equal(await run(world, taken), null);
  assert.equal(await models(), 1, "it has trained it");
  const { code, stderr } = await resumeModel(world, id);
  assert.equal(code, 0, stderr);
  const types = (await registry.list()).map(({ model_type }) => model_type).sort();
  assert.deepEqual(types, ["centered_instance", "centroid"]);
});
