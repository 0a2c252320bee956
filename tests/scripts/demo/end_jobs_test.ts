import assert from "node:assert/strict";
import { endJobs } from "../../../scripts/demo/end_jobs.ts";
import { isAlive } from "../../../worker/host/process_identity.ts";
import { TrainingWorld } from "../../support/training.ts";

const ignore = Deno.build.os === "windows";

Deno.test("endJobs() ends supervisor and trainer of a training that was left", {
  ignore,
}, async () => {
  await using world = await TrainingWorld.create();
  const { training } = await world.startPaused();
  training.kill("SIGKILL");
  await training.ended;
  const { supervisor, trainer } = await world.jobState();
  assert.ok(supervisor !== null && trainer !== null);
  await endJobs(world.folder);
  assert.equal((await world.jobState()).status, "interrupted");
  assert.equal(await isAlive(trainer), false);
  assert.equal((await world.model()).status, "interrupted");
});

Deno.test("endJobs() ends the trainer of a supervisor that was killed", { ignore }, async () => {
  await using world = await TrainingWorld.create();
  const { training } = await world.startPaused();
  training.kill("SIGKILL");
  await training.ended;
  const { supervisor, trainer } = await world.jobState();
  assert.ok(supervisor !== null && trainer !== null);
  Deno.kill(supervisor.pid, "SIGKILL");
  await endJobs(world.folder);
  assert.equal(await isAlive(trainer), false);
});

Deno.test("endJobs() has nothing to do where no job is, or all have ended", {
  ignore,
}, async () => {
  await using world = await TrainingWorld.create();
  await endJobs(world.folder);
  assert.equal((await world.train()).code, 0);
  await endJobs(world.folder);
  assert.equal((await world.jobState()).status, "succeeded");
});
