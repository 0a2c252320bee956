import assert from "node:assert/strict";
import { TrainingWorld } from "../support/training.ts";

Deno.test("abandon-model takes a model out of what waits for a resume; its files stay", async () => {
  await using world = await TrainingWorld.create({ failAt: { stage: "epoch", epoch: 1 } });
  assert.equal((await world.train()).code, 6);
  const { id, status, checkpoint_path } = await world.model();
  assert.equal(status, "interrupted");
  const { code, stdout, stderr } = await world.cli(["abandon-model", id.slice(0, 4)]);
  assert.equal(code, 0, stderr);
  assert.equal(
    stdout,
    `model ${id} is abandoned; its files stay in models/centroid_${id}\n` +
      `resume it all the same: sleap-rtc train --resume ${id} --local\n`,
  );
  assert.equal((await world.model()).status, "abandoned");
  assert.deepEqual(await (await world.registry()).getInterrupted(), []);
  assert.ok((await Deno.stat(world.path(String(checkpoint_path)))).isFile);
  const again = await world.cli(["abandon-model", id, "--json", "--registry", world.folder]);
  const model = JSON.parse(again.stdout);
  assert.deepEqual([model.id, model.status, model.checkpoint_exists], [id, "abandoned", true]);
});

Deno.test("abandon-model refuses a running and a completed model: exit 7; an unknown one: 3", async () => {
  await using world = await TrainingWorld.create();
  const { training, goOn } = await world.startPaused();
  const { id } = await world.model();
  const running = await world.cli(["abandon-model", id]);
  assert.equal(running.code, 7, running.stderr);
  assert.match(
    running.stderr,
    /it is being trained by job job_\w+\nhint: .*sleap-rtc jobs stop job_/,
  );
  await goOn();
  assert.equal((await training.ended).code, 0);
  assert.equal((await world.cli(["abandon-model", id])).code, 7);
  assert.equal((await world.model()).status, "completed");
  assert.equal((await world.cli(["abandon-model", "00000000"])).code, 3);
});
