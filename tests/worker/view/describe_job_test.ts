import assert from "node:assert/strict";
import { JobFolder } from "../../../worker/job_folder.ts";
import { summariseJobs } from "../../../worker/view/describe_job.ts";
import { LOSSES, resumeModel } from "../../support/resuming.ts";
import { configText, TrainingWorld } from "../../support/training.ts";

/** The only model of each job, the oldest job first: status, epochs, total. */
async function listed(world: TrainingWorld): Promise<unknown[]> {
  const jobs = await summariseJobs(await world.registry());
  return jobs.toReversed().map(({ models }) =>
    models.map(({ status, epochs_completed, max_epochs }) => [status, epochs_completed, max_epochs])
  );
}

Deno.test("a job shows what came of its model in it, not what later jobs made of it", async () => {
  await using world = await TrainingWorld.create();
  await Deno.writeTextFile(world.config, configText("centroid", 6));
  await world.setScript({ valLosses: LOSSES, dieBySignalAt: { epoch: 2, signal: "SIGKILL" } });
  assert.equal((await world.train()).code, 6);
  const { id } = await world.model();
  assert.deepEqual(await listed(world), [[["interrupted", 2, 6]]]);
  await world.setScript({ valLosses: LOSSES, failAt: { stage: "start" } });
  assert.equal((await resumeModel(world, id)).code, 6);
  await world.setScript({ valLosses: [...LOSSES, 0.5] });
  assert.equal((await resumeModel(world, id, ["--max-epochs", "7"])).code, 0);
  assert.deepEqual(await listed(world), [
    [["interrupted", 2, 6]],
    [["interrupted", 2, 6]],
    [["completed", 7, 7]],
  ]);
});

Deno.test("a job with a damaged configuration is listed all the same", async () => {
  await using world = await TrainingWorld.create();
  await world.setScript({ dieBySignalAt: { epoch: 1, signal: "SIGKILL" } });
  assert.equal((await world.train()).code, 6);
  await world.setScript({});
  assert.equal((await resumeModel(world, (await world.model()).id)).code, 0);
  for (const job of await JobFolder.list(world.folder)) {
    await Deno.writeTextFile(`${job.path}/configs/0.yaml`, "{");
  }
  assert.equal((await listed(world)).length, 2);
});
